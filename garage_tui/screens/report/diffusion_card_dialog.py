"""The card of a run that learns to draw, as a box over the runs: its figures, and what each of them says."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.exam.diffusion_report import DiffusionReport, passes, read_drawing_report, table, why_none
from garage_tui.core.exam.report import REPORT
from garage_tui.core.exam.report_text import sign
from garage_tui.core.runs.record import read_run
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar

_BAR = 2
"""Cells of a scroll bar, which comes with what is written here."""
_MEANING = (
    "KID says how far its pictures are from those it learned from, seen through a random net: real ones that were held "
    "out have the floor, and what is below the bar passes. A copy is a picture that lies nearer to one it learned from "
    "than any held-out picture does."
)


class DiffusionCardDialog(Dialog[str | None]):
    """Shows the card of a run, or why there is none; the result is the run's id where its sheets are wanted.

    Args:
        folder: the run's.
    """

    HELP_PAGE = "guide/diffusion.md"
    HELP = (
        "How alike the pictures of this run are to real ones, and whether they are copies.\n\n"
        "KID is a distance between two sets of pictures: the nearer to its floor, the better. The floor is that of "
        "real pictures to others of the same kind. After a few epochs (the preset quick) a run falls far short of the "
        "bar: those of the other presets take many more."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", "View its sheets", tooltip="View the sheets that this run has drawn"),
        Binding("escape,x,q,enter", "close", "Close", key_display="Esc"),
    ]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._card: DiffusionReport | None = None
        self._over = True

    def compose(self) -> ComposeResult:
        with Vertical(classes="box", id="drawing") as box:
            box.border_title = Content(f"Card · {plain(self._folder.name)}")
            with VerticalScroll():
                yield Static("reading …", id="drawing-card")
            yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._read()

    @work
    async def _read(self) -> None:
        self._card, refusal, self._over = await asyncio.to_thread(_look, self._folder)
        self.query_one("#drawing-card", Static).update(refusal)
        self.on_resize()

    def on_resize(self) -> None:
        if self._card:
            words = in_words(self._card, self._over, self.query_one("#drawing-card").size.width)
            self.query_one("#drawing-card", Static).update(words)

    def action_view(self) -> None:
        self.dismiss(self._folder.name)

    def action_close(self) -> None:
        self.dismiss(None)


def _look(folder: Path) -> tuple[DiffusionReport | None, str, bool]:
    """Return the card, else why there is none; and whether the run is over."""
    run = read_run(folder)
    if not (folder / REPORT).exists():
        return None, why_none(run), run.over
    try:
        return read_drawing_report(folder), "", run.over
    except BadInputError as error:
        return None, one_line(str(error), 400), run.over


def in_words(card: DiffusionReport, over: bool, width: int) -> Content:
    """Return a card in lines of so many cells.

    Args:
        over: False where the run goes on, so that a new card comes.
    """
    colour = "$success" if card.passed else "$error"
    lines = [
        Content.assemble((sign(card.passed), f"bold {colour}"), f" {card.verdict}"),
        Content.styled(f"  {passes(card)}", "$muted"),
        Content(),
    ]
    rows = table(card)
    name, figure = (max(len(row[column]) for row in rows) for column in (0, 1))
    for what, value, words in rows:
        room = width - name - figure - 4 - _BAR
        said = textwrap.wrap(words, max(20, room), break_on_hyphens=False)
        lines.append(Content.assemble(f"{what:<{name}}  ", (f"{value:>{figure}}", "bold"), (f"  {said[0]}", "$muted")))
        lines += [Content.styled(" " * (name + figure + 4) + more, "$muted") for more in said[1:]]
    made = f"{card.samples} pictures by {card.sampler} after epoch {card.epoch}, in {duration(card.seconds)}"
    lines += [Content(), Content(f"{card.source} · {made}")]
    if not over:
        lines.append(Content("The run goes on: this card is of before, a new one comes at its end."))
    return Content("\n").join([*lines, Content(), Content.styled(_MEANING, "$muted")])
