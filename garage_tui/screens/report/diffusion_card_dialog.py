"""The dialog with the report card of a diffusion run: its figures, each with an explanation."""

from __future__ import annotations

import asyncio
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.diffusion.recipe import usual_epochs
from garage_tui.core.exam.diffusion_remedies import DiffusionRemedies, diffusion_remedies
from garage_tui.core.exam.diffusion_report import (
    DiffusionReport,
    drawn_text,
    grade_of,
    missing_card_text,
    read_diffusion_report,
    result_text,
    table,
)
from garage_tui.core.exam.remedies import longer_epochs
from garage_tui.core.exam.report import REPORT
from garage_tui.core.runs.grades import SIGNS
from garage_tui.core.runs.record import read_run
from garage_tui.core.runs.run_title import title_of
from garage_tui.screens.common.messages import DuplicateRequested
from garage_tui.screens.common.run_text import GRADE_COLOURS
from garage_tui.screens.report.report_card_text import keys_line
from garage_tui.screens.report.saving import save
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.fitted_text import FittedText
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice

_BAR = 2
"""Cells of a scroll bar."""
_TALL = 34
"""Rows from which there are empty lines around the text."""
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
        "How similar the pictures of this run are to real ones, and whether they are copies. ✓ meets its target, ~ "
        "comes near it, ✗ misses it; the line under the verdict says what to do, and with which key.\n\n"
        "KID is a distance between two sets of pictures: the closer to its floor, the better. The floor is the "
        "distance between real pictures and other real pictures of the same kind. After a few epochs (the preset "
        "quick) a run is far from the target; the other presets train for many more epochs."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", "View its sheets", tooltip="View the contact sheets of this run"),
        Binding("y", "longer", "Longer", tooltip="Train again with more epochs: opens the form"),
        Binding("c", "preset", "Preset", tooltip="Train again with the preset that is advised: opens the form"),
        Binding("p", "pictures", "Pictures", tooltip="Train again with other pictures: opens the form"),
        Binding("s", "save", "Save", tooltip="Save the report card as Markdown"),
        Binding("escape,x,q,enter", "close", "Close", key_display="Esc"),
    ]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._read_now = _ReadCard()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box", id="drawing") as box:
            box.border_title = Content(f"Report card · {plain(title_of(self._folder))}")
            with VerticalScroll():
                yield FittedText("reading …", id="drawing-card")
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._read()

    @work
    async def _read(self) -> None:
        self._read_now = await asyncio.to_thread(_read_card, self._folder)
        found, text = self._read_now, self.query_one(FittedText)
        if card := found.card:
            text.fit(lambda width: diffusion_card_text(card, found.over, width, found.remedies))
        else:
            text.update(found.refusal)
        self.refresh_bindings()

    def on_resize(self) -> None:
        self.set_class(self.size.height < _TALL, "-tight")  # so that the keys stay in sight

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        found = self._read_now
        if action == "preset":
            return bool(found.remedies.preset)
        if action in ("longer", "pictures"):
            return found.card is not None and longer_epochs(found.recipe) is not None
        return action != "save" or found.card is not None

    def action_longer(self) -> None:
        """Open the form of a run like this one with more epochs."""
        self._train(epochs=self._read_now.remedies.epochs or longer_epochs(self._read_now.recipe))

    def action_preset(self) -> None:
        """Open the form of a run like this one with the preset that is advised."""
        self._train(self._read_now.remedies.preset)

    def action_pictures(self) -> None:
        """Open the form of a run like this one: its first field are the pictures."""
        self._train()

    def _train(self, preset: str = "", epochs: float | None = None) -> None:
        app = self.app
        self.dismiss(None)
        app.post_message(DuplicateRequested(self._folder.name, preset, epochs))

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Save the card as Markdown."""
        from garage_tui.core.exam.report_markdown import diffusion_markdown  # noqa: PLC0415 (most cards are not saved)

        run, found = self._folder.name, self._read_now
        if found.card:
            await save(self, run, diffusion_markdown(run, found.card, found.remedies.commands(run)))

    def action_view(self) -> None:
        self.dismiss(self._folder.name)

    def action_close(self) -> None:
        self.dismiss(None)


@dataclass(frozen=True)
class _ReadCard:
    """What the dialog shows: a card, or why there is none."""

    card: DiffusionReport | None = None
    refusal: str = ""
    over: bool = True
    recipe: dict[str, object] = field(default_factory=dict)

    @property
    def remedies(self) -> DiffusionRemedies:
        if self.card is None:
            return DiffusionRemedies()
        return diffusion_remedies(self.card, self.recipe, usual_epochs(self.recipe))


def _read_card(folder: Path) -> _ReadCard:
    run = read_run(folder)
    recipe = run.manifest.recipe if run.manifest else {}
    if not (folder / REPORT).exists():
        return _ReadCard(refusal=missing_card_text(run), over=run.over)
    try:
        return _ReadCard(read_diffusion_report(folder), over=run.over, recipe=recipe)
    except BadInputError as error:
        return _ReadCard(refusal=one_line(str(error), 400), over=run.over)


def diffusion_card_text(
    card: DiffusionReport, over: bool, width: int, remedies: DiffusionRemedies | None = None
) -> Content:
    """Return a card as text of `width` cells.

    Args:
        over: False where the run is training again, so that a new card will be made.
    """
    grade = grade_of(card)
    lines = [
        Content.assemble((SIGNS[grade], f"bold {GRADE_COLOURS[grade]}"), f" {card.verdict}"),
        Content.styled(f"  {result_text(card)}", "$muted"),
    ]
    if remedies:
        lines.append(Content("  ") + remedy_keys(remedies))
    lines.append(Content())
    for line in table(card):
        wrapped = textwrap.wrap(line.explanation, max(20, width - len(line.head) - 2 - _BAR), break_on_hyphens=False)
        colour = GRADE_COLOURS[line.grade] if line.grade else ""
        first = (f"  {wrapped[0]}", "$muted")
        lines.append(Content.assemble((line.head[:2], colour), (line.head[2:], "bold" if line.grade else ""), first))
        lines += [Content.styled(" " * (len(line.head) + 2) + more, "$muted") for more in wrapped[1:]]
    made = f"{drawn_text(card)}, in {duration(card.seconds)}"
    lines += [Content(), Content(f"{card.source} · {made}")]
    if not over:
        lines.append(Content("The run is training again: this card is from before; a new one comes when it ends."))
    return Content("\n").join([*lines, Content(), Content.styled(_MEANING, "$muted")])


def remedy_keys(remedies: DiffusionRemedies) -> Content:
    """Return what to do about a card, each with its key in the dialog."""
    found = []
    if remedies.preset:
        found.append(("c", f"preset {remedies.preset}"))
    if remedies.epochs:
        found.append(("y", f"longer ({remedies.epochs} epochs)"))
    if remedies.pictures:
        found.append(("p", "more pictures, so that it copies none"))
    return keys_line(found)
