"""The dialog with the report card of a diffusion run: its figures, each with an explanation."""

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
from garage_tui.core.exam.diffusion_report import (
    DiffusionReport,
    missing_card_text,
    read_diffusion_report,
    result_text,
    table,
)
from garage_tui.core.exam.report import REPORT
from garage_tui.core.exam.report_text import sign
from garage_tui.core.runs.record import read_run
from garage_tui.screens.report.saving import save
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice

_BAR = 2
"""Cells of a scroll bar."""
_MEANING = (
    "KID is the distance between the pictures of this run and the training pictures, measured with a random network. "
    "Real held-out pictures reach the floor. A copy is a picture that is closer to a training picture than any "
    "held-out picture is."
)


class DiffusionCardDialog(Dialog[str | None]):
    """Shows the report card of a run, or why there is none; the result is the run's id if its sheets should be shown.

    Args:
        folder: of the run.
    """

    HELP_PAGE = "guide/diffusion.md"
    HELP = (
        "How similar the pictures of this run are to real ones, and whether they are copies.\n\n"
        "KID is a distance between two sets of pictures: the closer to its floor, the better. The floor is the "
        "distance between real pictures and other real pictures of the same kind. After a few epochs (the preset "
        "quick) a run is far from the target; the other presets train for many more epochs."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", "View its sheets", tooltip="View the contact sheets of this run"),
        Binding("s", "save", "Save", tooltip="Save the report card as Markdown"),
        Binding("escape,x,q,enter", "close", "Close", key_display="Esc"),
    ]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._card: DiffusionReport | None = None
        self._over = True

    def compose(self) -> ComposeResult:
        with Vertical(classes="box", id="drawing") as box:
            box.border_title = Content(f"Report card · {plain(self._folder.name)}")
            with VerticalScroll():
                yield Static("reading …", id="drawing-card")
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._read()

    @work
    async def _read(self) -> None:
        self._card, refusal, self._over = await asyncio.to_thread(_read_card, self._folder)
        self.query_one("#drawing-card", Static).update(refusal)
        self.on_resize()
        self.refresh_bindings()

    def on_resize(self) -> None:
        if self._card:
            static = self.query_one("#drawing-card", Static)
            static.update(diffusion_card_text(self._card, self._over, static.size.width))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "save" or self._card is not None

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Save the card as Markdown."""
        from garage_tui.core.exam.report_markdown import diffusion_markdown  # noqa: PLC0415 (most cards are not saved)

        if self._card:
            await save(self, self._folder.name, diffusion_markdown(self._folder.name, self._card))

    def action_view(self) -> None:
        self.dismiss(self._folder.name)

    def action_close(self) -> None:
        self.dismiss(None)


def _read_card(folder: Path) -> tuple[DiffusionReport | None, str, bool]:
    """Return the card, else why there is none; and whether the run has ended."""
    run = read_run(folder)
    if not (folder / REPORT).exists():
        return None, missing_card_text(run), run.over
    try:
        return read_diffusion_report(folder), "", run.over
    except BadInputError as error:
        return None, one_line(str(error), 400), run.over


def diffusion_card_text(card: DiffusionReport, over: bool, width: int) -> Content:
    """Return a card as text of `width` cells.

    Args:
        over: False where the run is training again, so that a new card will be made.
    """
    colour = "$success" if card.passed else "$error"
    lines = [
        Content.assemble((sign(card.passed), f"bold {colour}"), f" {card.verdict}"),
        Content.styled(f"  {result_text(card)}", "$muted"),
        Content(),
    ]
    rows = table(card)
    name, figure = (max(len(row[column]) for row in rows) for column in (0, 1))
    for measure, value, explanation in rows:
        wrapped = textwrap.wrap(explanation, max(20, width - name - figure - 4 - _BAR), break_on_hyphens=False)
        first = (f"  {wrapped[0]}", "$muted")
        lines.append(Content.assemble(f"{measure:<{name}}  ", (f"{value:>{figure}}", "bold"), first))
        lines += [Content.styled(" " * (name + figure + 4) + more, "$muted") for more in wrapped[1:]]
    made = f"{card.samples} pictures by {card.sampler} after epoch {card.epoch}, in {duration(card.seconds)}"
    lines += [Content(), Content(f"{card.source} · {made}")]
    if not over:
        lines.append(Content("The run is training again: this card is from before; a new one comes when it ends."))
    return Content("\n").join([*lines, Content(), Content.styled(_MEANING, "$muted")])
