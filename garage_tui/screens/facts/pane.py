"""Facts: the questions and answers that a model shall learn, as a table that is edited in place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from garage_tui.core.base.sanitize import shown_line
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.facts import filter as facts_view
from garage_tui.core.facts.document import Document
from garage_tui.core.facts.filter import KINDS, Filter, Only
from garage_tui.core.facts.line import Line
from garage_tui.screens.facts import row_text as fact_words
from garage_tui.screens.facts.cell_editing import ANSWER, QUESTION
from garage_tui.screens.facts.open_file import FactFiles
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.table import Column, Table

if TYPE_CHECKING:
    from textual.widgets import Input

_EMPTY = (
    "No facts yet.\n\nPress a to write the first one: a question, and the answer the model shall give.\n"
    "Or paste sentences here, or press I to bring in a CSV, a chat or a text file.\n\n"
    "All is kept in {path}, one JSON object a line. When there are some, t teaches them to a model."
)
_LOOK_SECONDS = 1.0
_SMALL = 64 * 1024  # bytes: a file that is read in less than a millisecond or two
_FEW = 5_000  # rows that are looked through faster than a thread is started


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return _SMALL


class FactsPane(FactFiles):
    """A facts file: its rows, and the row under the cursor in full."""

    HELP_PAGE = "guide/facts.md"
    HELP = (
        "Here you write what the model shall learn: questions as a person would ask them, and the answers you want. "
        "Several wordings of one question work better than one; the last column says what a fact still lacks. "
        "Enter writes in the chosen cell, ← and → choose it, a begins a new row. Then press t to teach them.\n\n"
        "Every change is saved at once, and u takes it back; the version of before this session stays beside the "
        "file, with .bak at its end. Rows marked exam (x) are never taught: they are kept to ask later. Lines marked "
        "✗ cannot be read; they are kept as they are until you mend them (E)."
    )
    FIRST_FOCUS = "#facts-table"
    HELP_GROUPS = (
        ("Rows", "add edit duplicate exam delete move undo redo"),
        ("Teaching them", "app.teach suggest tokens"),
        ("Which rows are shown", "search only show_all column"),
        ("Files", "open bring export editor editor_file save"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", tooltip="Add a row below the chosen one"),
        Binding("e", "edit", "Edit", tooltip="Write in the chosen cell (Enter does it too)"),
        Binding("t", "app.teach", "Teach", tooltip="Teach these facts to a model"),
        Binding("slash", "search", "Find", key_display="/", tooltip="Show only rows that hold some words"),
        Binding("u,ctrl+z", "undo", "Undo", key_display="u", tooltip="Take the last change back"),
        Binding("U,ctrl+y", "redo", "Redo", show=False, key_display="U", tooltip="Make the undone change again"),
        Binding("y", "duplicate", "Variant", show=False, tooltip="Another question for the same fact"),
        Binding("x", "exam", "Exam", show=False, tooltip="Make the row an exam question, or teach it again"),
        Binding("d,delete", "delete", "Delete", show=False, key_display="d", tooltip="Delete the chosen row"),
        Binding("left_square_bracket,alt+up", "move(-1)", "Up", show=False, key_display="[", tooltip="Move the row up"),
        Binding(
            "right_square_bracket,alt+down", "move(1)", "Down", show=False, key_display="]", tooltip="Move the row down"
        ),
        Binding("f", "only", "Filter", show=False, tooltip="Show only rows of one kind: with problems, without exam …"),
        Binding(
            "v",
            "tokens",
            "Tokens",
            show=False,
            tooltip="See the row as the model will: its tokens, and what is learned",
        ),
        Binding("s", "suggest('question')", "Suggest", show=False, tooltip="Have other questions suggested"),
        Binding("S", "suggest('answer')", "Answers", show=False, tooltip="Have other wordings of the answer suggested"),
        Binding("E", "editor", "Row in editor", show=False, tooltip="Open the row, with all its keys, in your $EDITOR"),
        Binding("W", "editor_file", "File in editor", show=False, tooltip="Open the whole file in your $EDITOR"),
        Binding("o", "open", "Open", show=False, tooltip="Open another facts file of datasets/"),
        Binding("I", "bring", "Import", show=False, tooltip="Add the facts of a CSV, chat or text file"),
        Binding("X", "export", "Export", show=False, tooltip="Write these facts as CSV or in a chat format"),
        Binding("ctrl+s", "save", "Save", show=False, tooltip="Save again what could not be saved"),
        Binding("left,h", "column(-1)", "Question", show=False),
        Binding("right,l", "column(1)", "Answer", show=False),
        Binding("escape", "show_all", "All rows", show=False, key_display="Esc"),
    ]

    def __init__(self, workspace: Workspace, settings: Settings, path: Path | None = None) -> None:
        super().__init__(workspace, settings, path)
        self._timer: Timer | None = None
        self._filter = Filter()
        self._rows: list[int] = []
        self._pinned: list[Line] = []

    def compose(self) -> ComposeResult:
        yield Table(
            Column("#", 5, right=True),
            Column("Question", share=5),
            Column("Answer", share=7),
            Column("Coverage", 15),
            id="facts-table",
        )
        with VerticalScroll(id="facts-details", classes="panel"):
            yield Static(id="facts-words")
        yield Notice()

    def on_mount(self) -> None:
        self.query_one("#facts-details").border_title = "Fact"
        table = self.query_one(Table)
        table.set_reactive(Table.column, QUESTION)
        self._timer = self.set_interval(_LOOK_SECONDS, self._look, pause=True)
        if _size(self._path or self.workspace.datasets / "garage.jsonl") < _SMALL:
            self._read(self._path)  # at once, so that the first paint shows it
            self._opened()
        else:
            table.border_subtitle = "reading …"
            self.call_after_refresh(self._open, self._path)  # the first paint first

    def reveal(self) -> None:
        super().reveal()
        if self._timer:
            self._timer.resume()

    def conceal(self) -> None:
        super().conceal()
        if self._timer:
            self._timer.pause()

    # Showing

    @property
    def place(self) -> int | None:
        table = self.query_one(Table)
        row = table.cursor
        if self.store is None or not self._rows or row >= table.count:
            return None
        place = self.place_of(row)
        return place if place < len(self.store.document.lines) else None

    @property
    def _new_row(self) -> int | None:
        """Row of the table in which a new fact is being written."""
        if self.writing is None or self.writing.line is not None:
            return None
        place = self.writing.place
        return next((row for row, there in enumerate(self._rows) if there >= place), len(self._rows))

    def place_of(self, row: int) -> int:
        new = self._new_row
        if new is not None and row == new and self.writing:
            return self.writing.place
        return self._rows[row - (new is not None and row > new)]

    def show_opened(self) -> None:
        self._filter = Filter()
        self.show(0)

    def show(self, place: int | None = None) -> None:
        document = self.store.document if self.store else None
        if document is None:
            self._rows = []
        elif self._filter:
            if place is not None and place < len(document.lines):
                self._pinned.append(document.lines[place])  # what was just written stays in sight
            if len(document.lines) > _FEW:
                self._find_among_many(document, None, place)
                return
            self._rows = self._with_pinned(document, facts_view.rows(document, self._filter))
        else:
            self._rows = facts_view.rows(document, self._filter)
        self._paint(place)

    def _with_pinned(self, document: Document, rows: list[int]) -> list[int]:
        places = [place for line in self._pinned if (place := document.find(line)) is not None]
        return sorted({*rows, *places}) if places else rows

    def _paint(self, place: int | None) -> None:
        store, table = self.store, self.query_one(Table)
        new = self._new_row
        count = len(self._rows) + (new is not None)
        self.set_class(not count and not self._filter, "-empty")
        path = store.path if store else self._path or self.workspace.datasets / "garage.jsonl"
        if not count and not self._filter and not self.query("#facts-empty"):
            words = Content(_EMPTY.format(path=self._label(path)))
            self.mount(Static(words, id="facts-empty", classes="empty"), after=0)
        table.border_title = Content(self._label(path))
        self.show_counts()
        cursor = new
        if cursor is None and place is not None:
            cursor = next((row for row, there in enumerate(self._rows) if there >= place), len(self._rows) - 1)
        table.show_rows(count, self._cells, cursor)
        self.refresh_bindings()

    def show_counts(self) -> None:
        store, words = self.store, ""
        if store:
            words = fact_words.counts(store.document, len(self._rows), self._filter, store.unsaved)
        self.query_one(Table).border_subtitle = Content(words)

    def _cells(self, row: int) -> Sequence[Content]:
        new = self._new_row
        if new is not None and row == new and self.writing:
            return Content(), *(Content(shown_line(text)) for text in self.writing.texts.values()), Content()
        row -= new is not None and row > new
        if self.store is None or row >= len(self._rows) or self._rows[row] >= len(self.store.document.lines):
            return ()
        return fact_words.cells(self.store.document, self._rows[row])

    def on_table_moved(self, event: Table.Moved) -> None:
        if type(event) is Table.Moved:
            self._show_details()

    def on_paste(self, event: events.Paste) -> None:
        if self.writing is None and event.text.strip():
            event.stop()
            self.paste(event.text)

    def on_table_selected(self) -> None:
        self.action_edit()

    def _show_details(self) -> None:
        place, details = self.place, self.query_one("#facts-details")
        words = Content()
        if self.writing is not None and self.writing.line is None:
            details.border_title = "A new fact"
        elif place is not None and self.store is not None:
            details.border_title = Content(f"Line {place + 1}")
            words = fact_words.details(self.store.document, self.store.document.lines[place])
        else:
            details.border_title = "Fact"
            if self._filter:
                words = Content.styled("No row is like that. Esc shows all rows again.", "$muted")
        panel = self.query_one("#facts-words", Static)
        # Arranging the whole screen anew takes 9 ms: only where the panel has to scroll, now or a moment ago.
        fits = words.get_height({}, details.size.width or 1) <= details.size.height >= panel.size.height
        panel.update(words, layout=not fits)
        details.scroll_home(animate=False)

    def action_column(self, by: int) -> None:
        """Choose the cell to the left or to the right."""
        table = self.query_one(Table)
        table.column = max(QUESTION, min(ANSWER, (table.column or QUESTION) + by))

    # Finding

    def action_search(self) -> None:
        """Open the line in which one writes what to look for."""
        from garage_tui.widgets.filter_input import FilterInput  # noqa: PLC0415 (not needed for the first paint)

        if not self.query(FilterInput):
            self.mount(FilterInput(id="facts-search"), before=self.notice)
        self.query_one(FilterInput).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._find(Filter(event.value, self._filter.only))

    def on_filter_input_left(self) -> None:
        self.query_one(Table).focus()

    def on_filter_input_closed(self) -> None:
        self.query("FilterInput").remove()
        self.query_one(Table).focus()
        self._find(Filter("", self._filter.only))

    @work(group="form", exclusive=True)
    async def action_only(self) -> None:
        """Choose which kind of rows is shown."""
        from garage_tui.widgets.prompts import Pick  # noqa: PLC0415 (not needed for the first paint)

        kinds: list[Only] = list(KINDS)
        choice = await self.app.push_screen_wait(Pick("Show", list(KINDS.values()), kinds.index(self._filter.only)))
        if choice is not None:
            self._find(Filter(self._filter.words, kinds[choice]))

    def action_show_all(self) -> None:
        """Show all rows again; with nothing filtered, go back to the screen before."""
        if self._filter:
            self.query("FilterInput").remove()
            self._find(Filter())
        else:
            self.run_worker(self.app.run_action("app.back"))

    def _find(self, wanted: Filter) -> None:
        before, self._filter = self._filter, wanted
        if self.store is None:
            return
        self._pinned.clear()
        place, document = self.place, self.store.document
        if len(document.lines) <= _FEW or not wanted:
            self._rows = facts_view.rows(document, wanted)
            self._paint(place)
        else:
            self._find_among_many(document, self._rows if wanted.narrows(before) else None, place)

    @work(exclusive=True, group="find")
    async def _find_among_many(self, document: Document, among: list[int] | None, place: int | None) -> None:
        wanted, version = self._filter, document.version
        found = await asyncio.to_thread(facts_view.rows, document, wanted, among)
        if not self.store or document is not self.store.document or wanted is not self._filter:
            return
        if version != document.version:
            self.show(place)
            return
        self._rows = self._with_pinned(document, found)
        self._paint(place)
