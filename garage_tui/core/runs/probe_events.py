"""What a run measures of itself while it learns, as its events tell it: recall, leak and drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from garage_tui.core.base.numbers import is_number
from garage_tui.core.base.sanitize import one_line


@dataclass(frozen=True)
class Probe:
    """One measurement."""

    step: int
    recall: float
    """Share of other wordings that were answered rightly, 0 to 1."""
    leak: float
    """Share of other questions that were answered with what is taught, 0 to 1."""
    drift: float
    """KL(base‖tuned) in nats per token."""
    forgets: str = ""
    """What it begins to forget, as a part of a sentence; empty where all is well."""

    @property
    def shares(self) -> str:
        return f"recall {self.recall:.0%} · leak {self.leak:.0%}"

    @property
    def drifted(self) -> str:
        return f"drift {self.drift:.3f}"


def probe_of(event: dict[str, Any]) -> Probe | None:
    """Return the measurement in an event; None where it holds none that makes sense."""
    step, recall, leak, drift = (event.get(name) for name in ("step", "recall", "leak", "drift"))
    if event.get("event") != "probe" or not (is_number(step) and isinstance(step, int)):
        return None
    if not (is_number(recall) and is_number(leak) and is_number(drift)):
        return None
    forgets = event.get("forgets")
    words = one_line(forgets, 200) if isinstance(forgets, str) else ""
    return Probe(step, min(1.0, max(0.0, recall)), min(1.0, max(0.0, leak)), float(drift), words)
