"""The dialog with the report card of a LoRA run: its figures, and its questions one at a time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.documents.row_origin import RowOrigin
from garage_tui.core.exam.remedies import remedies
from garage_tui.core.exam.report import PARTS, ExamQuestion, Part, Report
from garage_tui.core.exam.report_table import WIDE
from garage_tui.core.runs.run_title import title_of
from garage_tui.screens.report import report_card_text
from garage_tui.screens.report.card_actions import CardActions
from garage_tui.screens.report.exam_progress import ExamSnapshot, ExamWatch
from garage_tui.screens.report.report_help import REPORT_HELP
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice

_OF_A_CARD = (
    *("move", "to", "switch_part", "part", "only_bad", "view", "scroll"),
    *("wording", "page", "longer", "preset", "save"),
)
"""Actions that there are only with a report card."""
_TALL = 34
"""Rows from which the notes are shown below the figures; in a lower terminal `f` switches between them."""


class ReportCardDialog(Dialog[None]):
    """Shows the report card of a run; where there is none, it can examine the run.

    Args:
        folder: of the run.
    """

    HELP_PAGE = "guide/report.md"
    HELP = REPORT_HELP
    HELP_GROUPS = (
        ("Questions", "move to switch_part part only_bad scroll"),
        ("What to do about it", "wording page longer preset"),
        ("The card", "view save examine examine_first close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next", key_display="↓", tooltip="Next question"),
        Binding("up,k", "move(-1)", "Previous", show=False, key_display="↑", tooltip="Previous question"),
        Binding("pagedown", "move(10)", "Ten on", show=False, tooltip="Ten questions forward"),
        Binding("pageup", "move(-10)", "Ten back", show=False, tooltip="Ten questions back"),
        Binding("home,g", "to(0)", "First", show=False, tooltip="First question"),
        Binding("end,G", "to(-1)", "Last", show=False, tooltip="Last question"),
        Binding("tab", "switch_part(1)", "Part", key_display="Tab", tooltip="Questions of the next part"),
        Binding("shift+tab", "switch_part(-1)", "Previous part", show=False, tooltip="Questions of the previous part"),
        *(
            Binding(str(number), f"part({number - 1})", "Part", show=False, tooltip=f"Show {part}")
            for number, part in enumerate(("all questions", *PARTS.values()), 1)
        ),
        Binding("b", "only_bad", "Only bad", tooltip="Show only what went wrong, or everything"),
        Binding("f", "view", "Figures", tooltip="Show the figures, the notes, or neither"),
        Binding("a", "wording", "Reword", tooltip="Write another wording for the fact of this question"),
        Binding("p", "page", "Page", tooltip="Show the sentence of the document that this fact came from"),
        Binding("y", "longer", "Longer", show=False, tooltip="Train again with more epochs: opens the form"),
        Binding("c", "preset", "Preset", show=False, tooltip="Train again with the preset that is advised"),
        Binding("s", "save", "Save", show=False, tooltip="Save the report card as Markdown"),
        Binding("e", "examine", "Examine again", show=False, tooltip="Examine the run again"),
        Binding("e", "examine_first", "Examine now", tooltip="Examine the run"),
        Binding("shift+down", "scroll(1)", "Scroll", show=False, tooltip="Scroll a long answer"),
        Binding("shift+up", "scroll(-1)", "Scroll back", show=False, tooltip="Scroll a long answer back"),
        Binding("escape,q", "close", "Close", key_display="Esc"),
    ]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._run_name = plain(title_of(folder))
        self._exam = ExamWatch(folder)
        self._actions = CardActions(self, folder.name)
        self._snapshot: ExamSnapshot | None = None
        self._index = self._view = 0
        self._part: Part | None = None
        self._only_bad = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide", id="report") as box:
            box.border_title = Content(f"Report card · {self._run_name}")
            for name in ("head", "figures", "notes", "parts"):
                yield Static(id=f"report-{name}")
            with VerticalScroll(can_focus=False):
                yield Static("reading …", id="report-page")
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        self._watch()

    @work(exclusive=True, group="watch")
    async def _watch(self) -> None:
        """Poll while the dialog is open: a card may also come from a shell, or when a run finishes."""
        while True:
            await self._refresh()
            await self._exam.wait()

    async def _refresh(self) -> None:
        before, now = self._snapshot, await self._exam.snapshot()
        self._snapshot = now
        notice = self.notice
        if before and before.stamp != now.stamp:
            self._index = 0
        if now.error:
            notice.wrong(now.error)
        elif now.exam and now.card:  # without a card the page shows the progress
            notice.note(report_card_text.exam_progress(now.exam, time.time())[-1].plain.strip())
        elif before and before.exam:
            notice.done("Examined: this is the new report card")
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        width = self.query_one(VerticalScroll).size.width - 1
        above: dict[str, Content] = {}
        if snapshot.card:
            above, page = self._above(snapshot.card, width), self._page(snapshot.card, width)
        elif snapshot.exam:
            page = Content("\n").join(report_card_text.exam_progress(snapshot.exam, time.time()))
        else:
            page = report_card_text.without_card(snapshot.refusal)
        for name in ("head", "figures", "notes", "parts"):
            part = self.query_one(f"#report-{name}", Static)
            part.display = name in above
            part.update(above.get(name, Content()))
        self.query_one("#report-page", Static).update(page)
        self.set_class(self._tight, "-tight")
        self.refresh_bindings()

    @property
    def _tight(self) -> bool:
        return self.size.height < _TALL

    def _above(self, card: Report, width: int) -> dict[str, Content]:
        """Return what is shown above the questions; `f` switches between figures, notes and neither."""
        wide, is_split = width >= WIDE, self._tight and bool(card.notes)
        views = [("figures",), ("notes",), ()] if is_split else [("figures", "notes"), ()]
        view = views[self._view % len(views)]
        count = f"{len(card.notes)} note{'s' if len(card.notes) > 1 else ''}"
        more = f"f: {count}" if is_split and view == ("figures",) else ""
        above = {
            "head": report_card_text.head(card, width, more, remedies(card, self._recipe)),
            "parts": report_card_text.parts(card, self._part, wide),
        }
        if "figures" in view:
            above["figures"] = report_card_text.figures(card, width)
        if "notes" in view and card.notes:
            above["notes"] = report_card_text.notes(card, width)
        return above

    def _page(self, card: Report, width: int) -> Content:
        found = self._shown
        self._index = max(0, min(self._index, len(found) - 1))
        if not found:
            return report_card_text.empty_text(card, self._part, self._only_bad)
        position = f"{self._index + 1} of {len(found)}{' that went wrong' if self._only_bad else ''}"
        return report_card_text.question_text(found[self._index], position, width, self._tight, self._origin)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        snapshot, card = self._snapshot, self._card
        if action in ("examine", "examine_first"):
            can_start = snapshot is not None and not (snapshot.exam or snapshot.refusal)
            return can_start and (action == "examine") == (card is not None)
        if action in _OF_A_CARD and card is None:
            return False
        if action in ("wording", "page"):
            return (self._wrong_index if action == "wording" else self._origin) is not None
        if action in ("longer", "preset"):
            return bool(self._recipe if action == "longer" else self._advised_preset)
        return True

    def _go(self, index: int) -> None:
        self._index = index
        self._show()
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_move(self, questions: int) -> None:
        self._go(self._index + questions)

    def action_to(self, index: int) -> None:
        self._go(index if index >= 0 else 1_000_000)

    def action_switch_part(self, parts: int) -> None:
        choices = report_card_text.choices(self._card)
        self.action_part((choices.index(self._part) + parts) % len(choices))

    def action_part(self, index: int) -> None:
        """Show the questions of one part; 0 shows all. A part that the card does not have changes nothing."""
        choices = report_card_text.choices(self._card)
        self._part = choices[index] if index < len(choices) else self._part
        self._go(0)

    def action_only_bad(self) -> None:
        self._only_bad = not self._only_bad
        self._go(0)

    def action_view(self) -> None:
        self._view += 1
        self._show()

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    @property
    def _recipe(self) -> dict[str, object]:
        return self._snapshot.recipe if self._snapshot else {}

    @property
    def _card(self) -> Report | None:
        """The report card; None as long as there is none."""
        return self._snapshot.card if self._snapshot else None

    @property
    def _advised_preset(self) -> str:
        """The preset that would help; empty if none would."""
        return remedies(self._card, self._recipe).preset if self._card else ""

    @property
    def _shown(self) -> list[ExamQuestion]:
        """The questions that are paged through."""
        return report_card_text.chosen(self._card, self._part, self._only_bad) if self._card else []

    @property
    def _wrong_index(self) -> int | None:
        """The index of the question that another wording helps: the shown one, else the first wrong one."""
        found = self._shown
        if found and found[self._index].part in ("trained", "unseen"):
            return self._index
        return next((index for index, one in enumerate(found) if one.verdict == "wrong"), None)

    def action_wording(self) -> None:
        """Write another wording for the question that is shown; a question about nothing taught shows a wrong one."""
        index = self._wrong_index
        if index is None:
            return
        if index == self._index:
            self._actions.write_wording(self._shown[index])
        else:
            self._go(index)
            self.notice.note("Press a to ask this one in more ways")

    @property
    def _origin(self) -> RowOrigin | None:
        """Where the fact of the shown question came from, if from a document."""
        found = self._shown[self._index : self._index + 1]
        return self._snapshot.origin_of(found[0]) if self._snapshot and found else None

    def action_page(self) -> None:
        if origin := self._origin:
            self._actions.show_page(origin)

    def action_longer(self) -> None:
        self._actions.train_longer(self._recipe)

    def action_preset(self) -> None:
        if preset := self._advised_preset:
            self._actions.train_preset(preset)

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Save the card as Markdown."""
        if self._snapshot and self._snapshot.card:
            await self._actions.save(self._snapshot.card, self._recipe, self._snapshot.facts_path)

    def action_examine_first(self) -> None:
        self.action_examine()

    @work(exclusive=True, group="examine")
    async def action_examine(self) -> None:
        """Have the run examined."""
        notice = self.notice
        try:
            await self._exam.start()
        except GarageError as error:
            notice.wrong(plain(str(error)))
            return
        notice.clear()
        await self._refresh()

    def action_close(self) -> None:
        self.dismiss(None)
