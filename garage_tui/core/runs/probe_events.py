"""Probes: what a LoRA run measures during training (recall, leak, drift), as its events hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from garage_tui.core.base.number_checks import is_number
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.grades import SIGNS, Grade, grade_drift, grade_recall

PROBE_LEAK = 0.1
"""Share of leaks from which a probe calls it bad."""


@dataclass(frozen=True)
class ProbeFigure:
    """One figure of a probe."""

    figure: str
    grade: Grade | None
    """None where it says nothing yet."""

    @property
    def text(self) -> str:
        return f"{SIGNS[self.grade]} {self.figure}" if self.grade else self.figure


@dataclass(frozen=True)
class Probe:
    """One measurement."""

    step: int
    recall: float
    """Share of other wordings that were answered correctly, 0 to 1."""
    leak: float
    """Share of unrelated questions that were answered with taught facts, 0 to 1."""
    drift: float
    """KL(base‖tuned) in nats per token."""
    forgetting: str = ""
    """What the model begins to forget (`forgets` of the event), as a clause; empty where all is well."""

    @property
    def figures(self) -> tuple[ProbeFigure, ProbeFigure, ProbeFigure]:
        """Recall, leak and drift, each with an arrow for which way is good.

        A recall that is still low is no bad sign while the run learns, so it has a grade only at its target.
        """
        learned = grade_recall(self.recall) == "good"
        # One of the few questions of a probe is 7 %.
        leak: Grade = "good" if self.leak <= 0 else "near" if self.leak < PROBE_LEAK else "bad"
        return (
            ProbeFigure(f"recall {self.recall:.0%} ↑", "good" if learned else None),
            ProbeFigure(f"leak {self.leak:.0%} ↓", leak),
            ProbeFigure(f"drift {self.drift:.3f} ↓", grade_drift(self.drift)),
        )

    @property
    def text(self) -> str:
        """The figures in one line: `recall 60% ↑ · ✗ leak 21% ↓ · ~ drift 0.040 ↓`."""
        return " · ".join(figure.text for figure in self.figures)


def parse_probe(event: dict[str, Any]) -> Probe | None:
    """Return the probe of an event; None for another event, or a malformed one."""
    step, recall, leak, drift = (event.get(name) for name in ("step", "recall", "leak", "drift"))
    if event.get("event") != "probe" or not (is_number(step) and isinstance(step, int)):
        return None
    if not (is_number(recall) and is_number(leak) and is_number(drift)):
        return None
    forgets = event.get("forgets")
    forgetting = one_line(forgets, 200) if isinstance(forgets, str) else ""
    return Probe(step, min(1.0, max(0.0, recall)), min(1.0, max(0.0, leak)), float(drift), forgetting)
