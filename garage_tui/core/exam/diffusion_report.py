"""The report card of a diffusion run: how close its pictures are to real ones, and whether they are copies."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.report import REPORT
from garage_tui.core.runs.record import Run

FEW = 100
"""With fewer held-out pictures the floor is noisy: the deviation of KID is 0.02 for 100, 0.1 for 50, 0.26 for 10."""
TARGET_KID = 0.3
"""The most that KID over fixed random features may be."""


class DiffusionReport(msgspec.Struct, frozen=True, kw_only=True):
    """`report.json` of a diffusion run."""

    kind: str = "diffusion"
    version: int = 1
    verdict: str
    passed: bool
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
        write_atomic(folder / REPORT, msgspec.json.format(struct_json(self), indent=2) + b"\n")


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
        raise BadInputError(f"{folder / REPORT} cannot be read: {error}") from error


def missing_card_text(run: Run) -> str:
    """Return why a diffusion run has no card, and what to do."""
    if not run.over:
        doing = {"queued": "is in the queue", "paused": "is paused"}.get(run.status, "is still training")
        return f"{run.id} {doing}: its report card is made when it finishes"
    if run.status == "finished":
        return f"{run.id} was not evaluated when it finished: `garage logs {run.id}` shows why"
    hint = f"; `garage resume {run.id}` resumes it" if run.resumable else ""
    return f"{run.id} ({run.status}) has no report card: one is made when a run finishes{hint}"


def verdict_text(kid: float, floor: float, copies: int, samples: int) -> tuple[str, bool]:
    """Return the verdict of the figures as text, and whether they meet the target."""
    likeness = f"KID {kid:.2f} (real pictures {floor:.2f}, target {TARGET_KID:g})"
    copied = "no copies" if not copies else f"{copies} of {samples} are copies"
    return f"{likeness}, {copied}", kid <= TARGET_KID and not copies


def result_text(report: DiffusionReport) -> str:
    return "meets every target" if report.passed else "misses a target"


def table(report: DiffusionReport) -> list[tuple[str, str, str]]:
    """Return the name, the value and an explanation of every measure."""
    return [
        ("KID", f"{report.kid:.3f}", f"of {report.samples} pictures; target: at most {TARGET_KID:g}"),
        ("  floor", f"{report.floor:.3f}", _floor_text(report.held_out)),
        ("  blurred", f"{report.blurred:.3f}", "KID of those in blocks of 4 × 4 pixels"),
        ("held-out loss", f"{report.held_out_loss:.4f}", "on pictures that it did not learn from"),
        (
            "copies",
            f"{report.copies} of {report.samples}",
            "closer to a training picture than any held-out picture; target: 0",
        ),
        (
            "nearest",
            f"{report.nearest:.1f}",
            f"grey levels to the nearest training picture; held-out pictures: {report.nearest_held_out:.1f}",
        ),
    ]


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
    verdict = f"{'✓' if card.passed else '✗'} {result_text(card)}"
    return {"verdict": verdict, **{name.strip(): figure for name, figure, _ in table(card)}}
