"""Probes: what a LoRA run measures during training (recall, leak, drift), as its events hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from garage_tui.core.base.number_checks import is_number
from garage_tui.core.base.sanitize import one_line


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
    def shares_text(self) -> str:
        return f"recall {self.recall:.0%} · leak {self.leak:.0%}"

    @property
    def drift_text(self) -> str:
        return f"drift {self.drift:.3f}"


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
