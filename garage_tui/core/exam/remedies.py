"""The remedies for what a report card shows: which questions to ask in more ways, more epochs, another preset."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from garage_tui.core.exam.judgement import measured
from garage_tui.core.exam.report import Report
from garage_tui.core.runs.grades import RECALL, grade_drift, grade_leak, grade_unchanged

_MAX_NUMBERS = 5
_LONGER = 1.5
"""How many times as many epochs a longer run has."""


@dataclass(frozen=True)
class Remedies:
    """What to do about a card; nothing of it where the card is good."""

    wordings: tuple[int, ...] = ()
    """The numbers of the wrong questions on the card, from 1, whose facts need more wordings."""
    epochs: float | None = None
    """More epochs than the run had; None where more would not help."""
    preset: str = ""
    """The preset that keeps other answers better, or teaches longer; empty where none does."""

    def __bool__(self) -> bool:
        return bool(self.wordings or self.epochs or self.preset)

    @property
    def wordings_text(self) -> str:
        """`ask question 3 in more ways`, `ask questions 3, 7 in more ways`."""
        shown = ", ".join(map(str, self.wordings[:_MAX_NUMBERS]))
        more = " …" if len(self.wordings) > _MAX_NUMBERS else ""
        return f"ask question{'s' if len(self.wordings) > 1 else ''} {shown}{more} in more ways"

    def commands(self, run: str, file: str) -> list[str]:
        """Return the remedies as sentences with the shell commands that apply them.

        Args:
            run: its id.
            file: the facts file that it taught.
        """
        found = []
        if self.preset:
            found.append(f"the preset {self.preset}: garage train lora --like {run} --preset {self.preset}")
        if self.epochs:
            found.append(f"longer: garage train lora --like {run} --epochs {self.epochs:g}")
        if self.wordings:
            found.append(f"{self.wordings_text}: add rows to {file}")
        return found


def longer_epochs(recipe: Mapping[str, object]) -> float | None:
    """Return half as many epochs again as a recipe has; None where it does not say."""
    epochs = recipe.get("epochs")
    return float(math.ceil(epochs * _LONGER)) if isinstance(epochs, int | float) and epochs > 0 else None


def remedies(card: Report, recipe: Mapping[str, object]) -> Remedies:
    """Return what to do about a card.

    Another preset comes first: more epochs would make other answers worse, and a quick run is only a first try.
    """
    found, guarded, preset = measured(card), bool(recipe.get("kl")), ""
    spills = (
        grade_leak(found.leak.share) != "good"
        or grade_drift(found.drift) != "good"
        or (found.unchanged.of > 0 and grade_unchanged(found.unchanged.share) != "good")
    )
    memorised = card.efficacy.tuned.share >= RECALL
    if (spills and not guarded) or (recipe.get("preset") == "quick" and not memorised):
        preset = "default"
    elif spills and recipe.get("preset") != "careful":
        preset = "careful"
    epochs = longer_epochs(recipe) if not memorised and not preset and not spills else None
    wrong = [(number, one.part) for number, one in enumerate(card.questions, 1) if one.verdict == "wrong"]
    helps = "unseen" if card.generalisation.tuned.of else "trained"
    unseen = tuple(number for number, part in wrong if part == helps)
    return Remedies(() if preset and not memorised else unseen, epochs, preset)
