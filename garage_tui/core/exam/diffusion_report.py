"""The report card of a diffusion run: how close its pictures are to real ones, and whether they are copies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, reason_of
from garage_tui.core.base.json_text import struct_document
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.diffusion_judgement import MeasuredPictures
from garage_tui.core.exam.report import REPORT
from garage_tui.core.exam.report_text import RESULTS
from garage_tui.core.runs.grades import KID, SIGNS, Grade, grade_kid
from garage_tui.core.runs.record import Run

FEW = 100
"""With fewer held-out pictures the floor is noisy: the deviation of KID is 0.02 for 100, 0.1 for 50, 0.26 for 10."""


class DiffusionReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report card of a diffusion run, as `report.json` has it."""

    kind: str = "diffusion"
    version: int = 1
    verdict: str
    """Its figures, the worst first."""
    passed: bool
    grade: Grade | None = None
    """None on a card of an older version; `grade_of` tells it of every card."""
    source: str
    """The training pictures, as a label for people."""
    epoch: int
    step: int
    samples: int
    """Number of pictures drawn for the card, from a seed that no contact sheet uses."""
    sampler: str
    kid: float
    """KID of its pictures against the training pictures; 0 for the same distribution."""
    floor: float
    """KID of real held-out pictures against the training pictures."""
    blurred: float
    """KID of those pictures reduced to blocks of 4 × 4 pixels: what a blur would get."""
    held_out_loss: float
    held_out: int = 0
    """Number of held-out pictures; 0 on a card of an older version."""
    copies: int
    """Number of pictures that are closer to a training picture than any held-out picture is."""
    nearest: float
    """Median distance of its pictures to the nearest training picture, in grey levels (root mean square)."""
    nearest_held_out: float
    """The same for held-out pictures."""
    cpu_seconds: float | None = None
    """Processor seconds of the training; None where the run was interrupted."""
    seconds: float = 0.0
    """Seconds that this card took."""
    wh: float | None = None
    wh_from: str = ""

    def write(self, folder: Path) -> None:
        write_atomic(folder / REPORT, struct_document(self, indent=2))


def read_diffusion_report(folder: Path) -> DiffusionReport:
    """Return the card in a run folder, its texts sanitised.

    Raises:
        BadInputError: there is none, or it cannot be read.
    """
    try:
        card = msgspec.json.decode(read_regular(folder / REPORT), type=DiffusionReport)
        texts = {name: one_line(getattr(card, name), 400) for name in ("verdict", "source", "sampler")}
        return msgspec.structs.replace(card, **texts)
    except FileNotFoundError:
        raise BadInputError(f"{folder.name} has no report card yet: it is made when the run finishes") from None
    except UNREADABLE as error:
        raise BadInputError(f"{folder / REPORT} cannot be read: {reason_of(error)}") from error


def missing_card_text(run: Run) -> str:
    """Return why a diffusion run has no card, and what to do."""
    if not run.over:
        doing = {"queued": "is in the queue", "paused": "is paused"}.get(run.status, "is still training")
        return f"{run.id} {doing}: its report card is made when it finishes"
    if run.status == "finished":
        return f"{run.id} was not evaluated when it finished: `garage logs {run.id}` shows why"
    hint = f"; `garage resume {run.id}` resumes it" if run.resumable else ""
    return f"{run.id} ({run.status}) has no report card: one is made when a run finishes{hint}"


def measured(card: DiffusionReport) -> MeasuredPictures:
    """Return the figures that a card's verdict depends on."""
    return MeasuredPictures(card.kid, card.floor, card.copies, card.samples)


def grade_of(card: DiffusionReport) -> Grade:
    """Return the grade of a card, also of one that was written before cards had grades."""
    return measured(card).grade


def result_text(card: DiffusionReport) -> str:
    """Return how a card meets its targets, with what the arrow of the table means."""
    return f"{RESULTS[grade_of(card)]} · ↓ low is good"


@dataclass(frozen=True)
class PictureFigure:
    """One line of the table; a cell that does not apply is empty."""

    name: str
    """It never changes: a comparison has it as its key."""
    value: str
    explanation: str
    target: str = ""
    """What has to be reached, or which way is good."""
    grade: Grade | None = None
    """None where it has no target."""

    @property
    def sign(self) -> str:
        return SIGNS[self.grade] if self.grade else " "


def figures(card: DiffusionReport) -> list[PictureFigure]:
    """Return the lines of the table."""
    found = measured(card)
    return [
        PictureFigure("KID", f"{card.kid:.3f}", f"of {card.samples} pictures", f"↓ ≤ {KID:g}", grade_kid(card.kid)),
        PictureFigure("floor", f"{card.floor:.3f}", _floor_text(card.held_out)),
        PictureFigure("blurred", f"{card.blurred:.3f}", "KID of those in blocks of 4 × 4 pixels"),
        PictureFigure("held-out loss", f"{card.held_out_loss:.4f}", "on pictures it did not learn from", "↓"),
        PictureFigure(
            "copies",
            f"{card.copies} of {card.samples}",
            "closer to a training picture than any held-out picture",
            "↓ 0",
            found.copies_grade,
        ),
        PictureFigure(
            "nearest",
            f"{card.nearest:.1f}",
            f"grey levels to the nearest training picture; held-out pictures: {card.nearest_held_out:.1f}",
        ),
    ]


@dataclass(frozen=True)
class TableLine:
    """One line of the table as text: its head, and the explanation that a narrow screen wraps."""

    head: str
    """Sign, name, value and target, padded to the width of the column."""
    explanation: str
    grade: Grade | None


def table(card: DiffusionReport) -> list[TableLine]:
    """Return the lines of the table; all heads are equally wide, and begin with the sign."""
    found = figures(card)
    sizes = [max(len(getattr(one, part)) for one in found) for part in ("name", "value", "target")]
    name, value, target = sizes
    return [
        TableLine(
            f"{one.sign} {one.name:<{name}}  {one.value:>{value}}  {one.target:<{target}}", one.explanation, one.grade
        )
        for one in found
    ]


def drawn_text(card: DiffusionReport) -> str:
    """Return what was measured: `128 pictures by DDPM, 100 steps after epoch 60`."""
    return f"{card.samples} pictures by {card.sampler} after epoch {card.epoch}"


def _floor_text(count: int) -> str:
    if not count:  # a card of a version that did not count them
        return "KID of real held-out pictures"
    few = " (too few for a reliable figure)" if count < FEW else ""
    return f"KID of {count} real held-out pictures{few}"


def side_by_side(folder: Path) -> dict[str, str]:
    """Return the card in a run folder as short lines, for a comparison with another one.

    Raises:
        FileNotFoundError: there is none.
        BadInputError: it cannot be read.
    """
    if not (folder / REPORT).exists():
        raise FileNotFoundError(folder / REPORT)
    card = read_diffusion_report(folder)
    lines = {one.name: f"{one.sign} {one.value}".strip() for one in figures(card)}
    return {"verdict": RESULTS[grade_of(card)], **lines}
