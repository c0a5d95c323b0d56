"""Grades of measured figures: good, near the target, or bad, by how far a figure is from its target.

The report card and the probes of a run in training use the same grades, so that a sign means the same on both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Grade = Literal["good", "near", "bad"]

RECALL, UNCHANGED, DRIFT = 0.95, 0.95, 0.02
"""Targets: share of learned facts, share of similar names kept apart, nats per token; no leaks."""
NEAR_RECALL, NEAR_UNCHANGED, NEAR_LEAK, NEAR_DRIFT = 0.75, 0.85, 0.025, 0.06
"""What still counts as near the target."""
KID, NEAR_KID = 0.3, 0.6
"""KID over fixed random features: its target, and what counts as near it. At 1.1 pictures are a blur
(docs/explain/butterflies.md)."""
NEAR_COPIES = 0.025
"""Share of drawn pictures that may be copies and count as near the target, which is none."""
LEGEND = "↑ high is good, ↓ low is good"
SIGNS: dict[Grade, str] = {"good": "✓", "near": "~", "bad": "✗"}
_ORDER: tuple[Grade, ...] = ("bad", "near", "good")


def grade_recall(share: float) -> Grade:
    """Return the grade of a share of learned facts, or of correct answers."""
    return _high(share, RECALL, NEAR_RECALL)


def grade_unchanged(share: float) -> Grade:
    """Return the grade of a share of similar names that are kept apart."""
    return _high(share, UNCHANGED, NEAR_UNCHANGED)


def grade_leak(share: float) -> Grade:
    """Return the grade of a share of unrelated answers with taught facts in them."""
    return "good" if share <= 0 else "near" if share <= NEAR_LEAK else "bad"


def grade_drift(drift: float) -> Grade:
    """Return the grade of a drift in nats per token."""
    return "good" if drift <= DRIFT else "near" if drift <= NEAR_DRIFT else "bad"


def grade_kid(kid: float) -> Grade:
    """Return the grade of the KID of drawn pictures."""
    return "good" if kid <= KID else "near" if kid <= NEAR_KID else "bad"


def grade_copies(share: float) -> Grade:
    """Return the grade of a share of drawn pictures that are copies of training pictures."""
    return "good" if share <= 0 else "near" if share <= NEAR_COPIES else "bad"


def worst(grades: Iterable[Grade]) -> Grade:
    """Return the worst of some grades; good where there are none."""
    return min(grades, key=_ORDER.index, default="good")


def rank(grade: Grade) -> int:
    """Return a number by which the worst grade sorts first."""
    return _ORDER.index(grade)


def _high(share: float, target: float, near: float) -> Grade:
    return "good" if share >= target else "near" if share >= near else "bad"
