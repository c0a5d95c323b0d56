"""The report card of a run, as a box over the runs: its figures, and its questions one at a time."""

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
from garage_tui.core.exam.report import Part, Report
from garage_tui.core.exam.report_text import WIDE
from garage_tui.screens.report import card_text as card_words
from garage_tui.screens.report.exam_watch import ExamSnapshot, ExamWatch
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice

_TALL = 34
"""Rows from which the notes stand below the figures; in a lower terminal they take turns."""


class ReportCardDialog(Dialog[None]):
    """Shows the card of a run; where there is none, has the run examined.

    Args:
        folder: the run's.
    """

    HELP_PAGE = "guide/report.md"
    HELP = (
        "Did it stick, and did anything else change? Base and tuned model were asked the same questions; here are the "
        "figures, and below them every question with the answers, the worst first.\n\n"
        "trained: the questions of the lessons. unseen paraphrases: other wordings of them, your exam questions where "
        "there are any. leaks: everyday questions that are answered with something that was taught. other names: the "
        "taught questions about somebody else. drift: how far its other answers have moved, in nats per token; below "
        "0.02 it is hardly noticed. perplexity: how surprised it is by everyday prose, before → after.\n\n"
        "95 % sure: with so few questions the true share is anything in this range. open book: the base with the facts "
        "in its prompt; where that fails too, the question or the grading is to blame. bar: what a good run reaches."
    )
    HELP_GROUPS = (
        ("Questions", "move to turn part only_bad scroll"),
        ("The card", "view examine examine_first close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next", key_display="↓", tooltip="The next question"),
        Binding("up,k", "move(-1)", "Previous", show=False, key_display="↑", tooltip="The question before"),
        Binding("pagedown", "move(10)", "Ten on", show=False, tooltip="Ten questions on"),
        Binding("pageup", "move(-10)", "Ten back", show=False, tooltip="Ten questions back"),
        Binding("home,g", "to(0)", "First", show=False, tooltip="The first question"),
        Binding("end,G", "to(-1)", "Last", show=False, tooltip="The last question"),
        Binding("tab", "turn(1)", "Part", key_display="Tab", tooltip="The questions of the next part"),
        Binding("shift+tab", "turn(-1)", "Part before", show=False, tooltip="The questions of the part before"),
        *(Binding(str(key), f"part({key - 1})", "Part", show=False) for key in range(1, 6)),
        Binding("b", "only_bad", "Only bad", tooltip="Only what went wrong, or everything"),
        Binding("f", "view", "Figures", tooltip="What stands above: the figures, the notes, or nothing"),
        Binding("a", "examine", "Examine again", tooltip="Ask both models everything again"),
        Binding("a", "examine_first", "Examine now", tooltip="Ask both models everything"),
        Binding("shift+down", "scroll(1)", "Scroll", show=False, tooltip="Scroll a long answer"),
        Binding("shift+up", "scroll(-1)", "Scroll back", show=False, tooltip="Scroll a long answer back"),
        Binding("escape,q", "close", "Close", key_display="Esc"),
    ]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._run_name = plain(folder.name)
        self._run = ExamWatch(folder)
        self._seen: ExamSnapshot | None = None
        self._at = self._view = 0
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
        """Look for as long as the box is open: a card may come from a shell too, or at a run's end."""
        while True:
            await self._look()
            await self._run.wait()

    async def _look(self) -> None:
        last, seen = self._seen, await self._run.look()
        self._seen = seen
        notice = self.notice
        if last and last.stamp != seen.stamp:
            self._at = 0
        if seen.wrong:
            notice.wrong(seen.wrong)
        elif seen.exam and seen.card:  # without a card its sentences have all the room
            notice.note(card_words.going(seen.exam, time.time())[-1].plain.strip())
        elif last and last.exam:
            notice.done("examined: this is the new card")
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        seen = self._seen
        if seen is None:
            return
        width = self.query_one(VerticalScroll).size.width - 1
        above: dict[str, Content] = {}
        if seen.card:
            above, page = self._above(seen.card, width), self._page(seen.card, width)
        elif seen.exam:
            page = Content("\n").join(card_words.going(seen.exam, time.time()))
        else:
            page = card_words.without_card(seen.refusal)
        for name in ("head", "figures", "notes", "parts"):
            part = self.query_one(f"#report-{name}", Static)
            part.display = name in above
            part.update(above.get(name, Content()))
        self.query_one("#report-page", Static).update(page)
        self.set_class(self._low, "-low")
        notice = self.notice
        notice.display = bool(notice.text)
        self.refresh_bindings()

    @property
    def _low(self) -> bool:
        return self.size.height < _TALL

    def _above(self, card: Report, width: int) -> dict[str, Content]:
        """Return what stands above the questions; f has figures, notes and nothing take turns."""
        wide, turns = width >= WIDE, self._low and bool(card.notes)
        views = [("figures",), ("notes",), ()] if turns else [("figures", "notes"), ()]
        view = views[self._view % len(views)]
        count = f"{len(card.notes)} note{'s' if len(card.notes) > 1 else ''}"
        more = f"f: {count}" if turns and view == ("figures",) else ""
        above = {"head": card_words.head(card, wide, more), "parts": card_words.parts(card, self._part, wide)}
        if "figures" in view:
            above["figures"] = card_words.figures(card, width)
        if "notes" in view and card.notes:
            above["notes"] = card_words.notes(card, width)
        return above

    def _page(self, card: Report, width: int) -> Content:
        found = card_words.chosen(card, self._part, self._only_bad)
        self._at = max(0, min(self._at, len(found) - 1))
        if not found:
            return card_words.nothing(card, self._part, self._only_bad)
        place = f"{self._at + 1} of {len(found)}{' that went wrong' if self._only_bad else ''}"
        return card_words.question(found[self._at], place, width, dense=self._low)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        seen = self._seen or ExamSnapshot()
        if action in ("move", "to", "turn", "part", "only_bad", "view", "scroll"):
            return seen.card is not None
        if action in ("examine", "examine_first"):
            return not (seen.exam or seen.refusal) and (action == "examine") == (seen.card is not None)
        return True

    def _go(self, at: int) -> None:
        self._at = at
        self._show()
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_move(self, questions: int) -> None:
        self._go(self._at + questions)

    def action_to(self, at: int) -> None:
        self._go(at if at >= 0 else 1_000_000)

    def action_turn(self, parts: int) -> None:
        self.action_part((card_words.CHOICES.index(self._part) + parts) % len(card_words.CHOICES))

    def action_part(self, place: int) -> None:
        """Show the questions of one part; 0 is all."""
        self._part = card_words.CHOICES[place]
        self._go(0)

    def action_only_bad(self) -> None:
        self._only_bad = not self._only_bad
        self._go(0)

    def action_view(self) -> None:
        self._view += 1
        self._show()

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_examine_first(self) -> None:
        self.action_examine()

    @work(exclusive=True, group="examine")
    async def action_examine(self) -> None:
        """Have the run examined."""
        notice = self.notice
        try:
            await self._run.start()
        except GarageError as error:
            notice.wrong(plain(str(error)))
            return
        notice.clear()
        await self._look()

    def action_close(self) -> None:
        self.dismiss(None)
