"""The remedies for what the card of a diffusion run shows: a longer run, another preset, other pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from garage_tui.core.exam.diffusion_report import DiffusionReport, measured
from garage_tui.core.exam.remedies import longer_epochs


@dataclass(frozen=True)
class DiffusionRemedies:
    """What to do about a card; nothing of it where the card is good."""

    pictures: bool = False
    """More pictures: it repeats those that it has."""
    epochs: int | None = None
    """More epochs than the run had; None where more would not help."""
    preset: str = ""
    """The preset that trains longer; empty where none does."""

    def __bool__(self) -> bool:
        return bool(self.pictures or self.epochs or self.preset)

    def commands(self, run: str) -> list[str]:
        """Return the remedies as sentences with the shell commands that apply them; `run` is its id."""
        again = f"garage train diffusion --like {run}"
        found = []
        if self.preset:
            found.append(f"the preset {self.preset}: {again} --preset {self.preset}")
        if self.epochs:
            found.append(f"longer: {again} --epochs {self.epochs}")
        if self.pictures:
            found.append(f"more pictures, so that it copies none: {again} --images FOLDER")
        return found


def diffusion_remedies(card: DiffusionReport, recipe: Mapping[str, object], usual_epochs: int = 0) -> DiffusionRemedies:
    """Return what to do about a card.

    A longer run makes pictures more alike, but copies more frequent, so copies call for more pictures instead. The
    preset quick is only a first look.

    Args:
        usual_epochs: those of the recipe's preset, which a run that was cut shorter gets at least; 0: not known.
    """
    found = measured(card)
    if found.copies_grade != "good":
        return DiffusionRemedies(pictures=True)
    if found.grade == "good":
        return DiffusionRemedies()
    if recipe.get("preset") == "quick":
        return DiffusionRemedies(preset="small")
    epochs = longer_epochs(recipe)
    return DiffusionRemedies(epochs=max(int(epochs), usual_epochs) if epochs else None)
