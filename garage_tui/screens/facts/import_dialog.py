"""The dialog that shows what an import would add, and lets one say what the file does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar, get_args

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line, plain, shown_line
from garage_tui.core.facts import importing
from garage_tui.core.facts.exporting import FORMAT_LABELS
from garage_tui.core.facts.formats.file_kind import AS_TEXT
from garage_tui.core.facts.formats.read_row import BY_OPTIONS, Columns, Format, UnknownColumnsError
from garage_tui.core.facts.importing import ImportedFacts
from garage_tui.core.facts.line import Fact, Line
from garage_tui.widgets.confirm_and_pick import Pick
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar

_MAX_SHOWN = 100
_MAX_ABOVE = 3
"""Rows that are left out, and notes, that stand above the facts; the others stand below them."""
_FORMS: dict[Format | None, str] = {
    None: "Detect the format",
    **{form: FORMAT_LABELS.get(form, form) for form in get_args(Format)},
    "facts": "facts: question and answer, one object per line",
    "text": "text: each line or sentence is a fact without a question",
}
_AWAITS = "A fact without a question is not taught: write one with Enter, or press s for suggestions."


class ImportDialog(Dialog[list[Fact] | None]):
    """A preview of the facts in a file or in pasted text; the answer is the new ones, or None.

    Args:
        data: the file's bytes.
        name: the file's name; empty for pasted text.
        lines: the lines of the open facts file, whose facts are not added again.
    """

    HELP_PAGE = "guide/facts.md"
    HELP = (
        "What an import would add: each question with its answer, and what is left out, with the reason.\n\n"
        "f reads the file as another format; c says which column is the question and which the answer. Nothing is "
        "added before you press y or Enter."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "add", "Add them", key_display="y", tooltip="Add these facts below the chosen row"),
        Binding("c", "columns", "Columns", tooltip="Say which column is the question and which the answer"),
        Binding("f", "form", "Format", tooltip="Read it as another format"),
        Binding("escape", "cancel", "Cancel", key_display="Esc", tooltip="Add nothing"),
    ]

    def __init__(self, data: bytes, name: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._data, self._file, self._lines = data, name, lines
        self._title = f"Import {shown_line(name, 40)}" if name else "Import the pasted text"
        self._form: Format | None = None
        self._chosen = Columns()
        self._columns: list[str] = []
        self._new: list[Fact] = []
        self._text = Content()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content(self._title)
            yield Static(Content("reading …"), id="import-summary", classes="text")
            with VerticalScroll():
                yield Static(id="import-preview")
            yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        form, chosen = self._form, self._chosen
        try:
            found = await asyncio.to_thread(importing.read, self._data, self._file, form, chosen)
            new = await asyncio.to_thread(importing.only_new, found.facts, self._lines)
        except GarageError as error:
            self._columns = error.columns if isinstance(error, UnknownColumnsError) else []
            # The same sentence as that of the command, with the keys in place of its options.
            why = str(error).replace(BY_OPTIONS, ": press c").replace(AS_TEXT, "f has each line read as a fact")
            text = plain(f"{self._file or 'the pasted text'}: {why}")
            self._show([], self._title, Content.styled(text, "$error"), Content())
            return
        self._columns = found.columns
        title = f"Add {plural(len(new), 'row')} below the chosen row?" if new else "Nothing new to add"
        self._show(new, title, _summary(found, len(new)), preview(found, new))

    def _show(self, new: list[Fact], title: str, summary: Content, text: Content) -> None:
        self._new = new
        self.query_one(".box", Vertical).border_title = Content(title)
        self.query_one("#import-summary", Static).update(summary)
        self._text = text
        self.query_one("#import-preview", Static).update(text)
        self.on_resize()
        self.query_one(VerticalScroll).scroll_home(animate=False)
        self.refresh_bindings()

    def on_resize(self) -> None:
        """Give a preview that fills more than half of the screen all the height that is there."""
        width = self.query_one(VerticalScroll).content_size.width
        if width:
            self.set_class(self._text.get_height({}, width) > self.size.height // 2, "-long")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "add":
            return bool(self._new)
        return len(self._columns) > 1 if action == "columns" else True

    def action_add(self) -> None:
        self.dismiss(self._new)

    def action_cancel(self) -> None:
        self.dismiss(None)

    @work(exclusive=True, group="choose")
    async def action_form(self) -> None:
        current = list(_FORMS).index(self._form)
        choice = await self.app.push_screen_wait(Pick("Read it as", list(_FORMS.values()), current))
        if choice is not None:
            self._form, self._chosen = list(_FORMS)[choice], Columns()
            self._read()

    @work(exclusive=True, group="choose")
    async def action_columns(self) -> None:
        names = [shown_line(name, 60) for name in self._columns]
        columns = list(self._columns)
        picked: list[str] = []
        for title in ("Which column is the question?", "Which column is the answer?"):
            next_one = columns.index(picked[0]) + 1 if picked else 0  # the answer is mostly behind the question
            choice = await self.app.push_screen_wait(Pick(title, names, next_one % len(names)))
            if choice is None:
                return
            picked.append(columns[choice])
        self._chosen = Columns(*picked)
        self._read()


def preview(found: ImportedFacts, new: Sequence[Fact]) -> Content:
    """Return what would be added, each question with its answer, and what is left out."""
    remarks = _remarks(found, _MAX_ABOVE + _MAX_SHOWN)
    above, below = remarks[:_MAX_ABOVE], remarks[_MAX_ABOVE:]
    more = len(found.problems) + len(found.notices) - len(above)
    parts = list(above)
    if more:
        parts.append(Content.styled(f"… and {more:,} more, below", "$muted"))
    parts += [Content()] if above else []
    for fact in new[:_MAX_SHOWN]:
        if fact.question:
            mark = ("exam ", "$secondary") if fact.exam else ("", "")
            parts.append(Content.assemble("· ", mark, (shown_line(fact.question, 200), "bold")))
            parts.append(Content.assemble(("  → ", "$muted"), shown_line(fact.answer, 200)))
        else:
            parts.append(Content.assemble("· ", shown_line(fact.answer, 200)))
    if len(new) > _MAX_SHOWN:
        parts.append(Content.styled(f"… and {len(new) - _MAX_SHOWN:,} more", "$muted"))
    if any(fact.is_statement for fact in new):
        parts += [Content(), Content.styled(_AWAITS, "$muted")]
    if below:
        parts += [Content(), *below]
    if more > len(below):
        parts.append(Content.styled(f"… and {more - len(below):,} more", "$muted"))
    return Content("\n").join(parts)


def _summary(found: ImportedFacts, new: int) -> Content:
    """Return what the file was read as, and how many rows are new, there already and left out."""
    parts = [found.kind, f"{new:,} new"]
    if known := len(found.facts) - new:
        parts.append(f"{known:,} already there")
    if found.problems:
        parts.append(f"{len(found.problems):,} left out")
    if found.notices:
        parts.append(plural(len(found.notices), "note"))
    return Content(plain(" · ".join(parts)))


def _remarks(found: ImportedFacts, most: int) -> list[Content]:
    """Return the first `most` rows that are left out, then notes: a large file may have hundreds of thousands."""
    left_out = [Content.styled(f"Left out: {one_line(text, 300)}", "$warning") for text in found.problems[:most]]
    notices = found.notices[: most - len(left_out)]
    return left_out + [Content.styled(f"Note: {one_line(text, 300)}", "$muted") for text in notices]
