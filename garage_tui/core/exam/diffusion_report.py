"""The card of a diffusion run: how alike to real pictures its own are, and whether they are copies."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.report import REPORT
from garage_tui.core.runs.record import Run

FEW = 100
"""Of fewer held-out pictures KID's floor swings: its deviation is 0.02 of 100, 0.1 of 50, 0.26 of 10."""
ALIKE = 0.3
"""The bar: KID over fixed random features."""


class DiffusionReport(msgspec.Struct, frozen=True, kw_only=True):
    """`report.json` of a diffusion run."""

    kind: str = "diffusion"
    version: int = 1
    verdict: str
    passed: bool
    source: str
    """What it learned from, for people."""
    epoch: int
    step: int
    samples: int
    """Pictures that it drew for this, from a seed that no sheet has."""
    sampler: str
    kid: float
    """Of its pictures against those it learned from; of the same kind it would be 0."""
    floor: float
    """The same of real pictures that were held out."""
    blurred: float
    """The same of those pictures seen through blocks of 4 × 4 pixels: what KID says of a blur."""
    held_out_loss: float
    held_out: int = 0
    """Pictures that were held out."""
    copies: int
    """Pictures that are nearer to one it learned from than any held-out picture is."""
    nearest: float
    """Median distance of its pictures to the nearest one that it learned from, in grey levels (root mean square)."""
    nearest_held_out: float
    """The same of held-out pictures."""
    cpu_seconds: float | None = None
    """That training took; None where the run was cut off in between."""
    seconds: float = 0.0
    """That this card took."""
    wh: float | None = None
    wh_from: str = ""

    def write(self, folder: Path) -> None:
        write_atomic(folder / REPORT, msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")


def read_drawing_report(folder: Path) -> DiffusionReport:
    """Return the card in a run folder, its texts safe to paint.

    Raises:
        BadInputError: there is none, or it cannot be read.
    """
    try:
        card = msgspec.json.decode(read_regular(folder / REPORT), type=DiffusionReport)
        texts = {name: one_line(getattr(card, name), 400) for name in ("verdict", "source", "sampler")}
        return msgspec.structs.replace(card, **texts)
    except FileNotFoundError:
        raise BadInputError(f"{folder.name} has no card yet: it is made when the run has finished") from None
    except UNREADABLE as error:
        raise BadInputError(f"{folder / REPORT} cannot be read: {error}") from error


def why_none(run: Run) -> str:
    """Return why a diffusion run has no card, as a sentence that says what to do."""
    if not run.over:
        doing = {"queued": "is waiting for its turn", "paused": "is paused"}.get(run.status, "is still training")
        return f"{run.id} {doing}: its card comes at its end"
    if run.status == "finished":
        return f"{run.id} was not measured when it finished: `garage logs {run.id}` says why"
    mend = f": `garage resume {run.id}` has it go on" if run.resumable else ""
    return f"{run.id} ({run.status}) has no card: it is made when a run has finished{mend}"


def verdict_of(kid: float, floor: float, copies: int, samples: int) -> tuple[str, bool]:
    """Return in words what the figures say, and whether they pass."""
    alike = f"KID {kid:.2f} (real ones {floor:.2f}, bar {ALIKE:g})"
    copied = "no copies" if not copies else f"{copies} of {samples} are copies"
    return f"{alike}, {copied}", kid <= ALIKE and not copies


def passes(report: DiffusionReport) -> str:
    return "passes the bar" if report.passed else "falls short of the bar"


def table(report: DiffusionReport) -> list[tuple[str, str, str]]:
    """Return name, figure and explanation of every measure."""
    return [
        ("KID", f"{report.kid:.3f}", f"{report.samples} pictures against what it learned from; bar {ALIKE:g}"),
        ("  floor", f"{report.floor:.3f}", _of_held_out(report.held_out)),
        ("  blurred", f"{report.blurred:.3f}", "the same of those seen through blocks of 4 × 4 pixels"),
        ("held-out loss", f"{report.held_out_loss:.4f}", "on pictures that it did not learn from"),
        (
            "copies",
            f"{report.copies} of {report.samples}",
            "nearer to what it learned from than any held-out picture is",
        ),
        (
            "nearest",
            f"{report.nearest:.1f}",
            f"grey levels to the nearest it learned from; held-out ones {report.nearest_held_out:.1f}",
        ),
    ]


def _of_held_out(count: int) -> str:
    if not count:  # a card from before they were counted
        return "the same of held-out real pictures"
    few = ": so few say little" if count < FEW else ""
    return f"the same of {count} held-out real pictures{few}"


def side_by_side(folder: Path) -> dict[str, str]:
    """Return the card in a run folder as short lines, to be laid beside another one's.

    Raises:
        FileNotFoundError: there is none.
        BadInputError: it cannot be read.
    """
    if not (folder / REPORT).exists():
        raise FileNotFoundError(folder / REPORT)
    card = read_drawing_report(folder)
    verdict = f"{'✓' if card.passed else '✗'} {passes(card)}"
    return {"verdict": verdict, **{name.strip(): figure for name, figure, _ in table(card)}}
