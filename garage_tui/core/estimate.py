"""What a LoRA run will cost, said before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from garage_tui.core.facts import Fact
from garage_tui.core.recipe import LoraRecipe
from garage_tui.core.runs import list_runs
from garage_tui.core.settings import Workspace
from garage_tui.core.text import duration

# Tokens/s of the default recipe with smollm2-135m on two CPU cores (docs/figures.md), for a box without a run yet.
_REFERENCE_BASE, _REFERENCE_SPEED = "smollm2-135m", 120.0
_START_SECONDS = 15.0  # imports, loading and saving, measured with the same run
_CHARACTERS_A_TOKEN = 4.0
_TEMPLATE_TOKENS = 35  # system prompt and role marks of a ChatML template


@dataclass(frozen=True)
class Estimate:
    """Cost of a run: `seconds` is None where nothing is known about this model on this box."""

    rows: int
    epochs: float
    batch: int
    steps: int
    seconds: float | None
    basis: str

    @property
    def sentence(self) -> str:
        sum_ = f"{self.rows} rows × {self.epochs:g} epochs ÷ batch {self.batch} = {self.steps} steps"
        time = "time unknown" if self.seconds is None else f"about {duration(self.seconds)}"
        return f"{sum_} · {time} ({self.basis})"


def estimate_lora(workspace: Workspace, recipe: LoraRecipe, rows: Sequence[Fact]) -> Estimate:
    """Return steps and time of `recipe` on `rows`; the speed is that of the last run with the same base here."""
    tokens = sum((len(row.question) + len(row.answer)) / _CHARACTERS_A_TOKEN + _TEMPLATE_TOKENS for row in rows)
    speed, basis = _speed_here(workspace, recipe.base)
    if speed is None and recipe.base == _REFERENCE_BASE:
        speed, basis = _REFERENCE_SPEED, "measured on two CPU cores; yours after the first run"
    seconds = None if speed is None else _START_SECONDS + tokens * recipe.epochs / speed
    return Estimate(len(rows), recipe.epochs, recipe.effective_batch, recipe.steps(len(rows)), seconds, basis)


def _speed_here(workspace: Workspace, base: str) -> tuple[float | None, str]:
    for run in list_runs(workspace):
        speed = run.state.tokens_per_s if run.state else None
        if speed and run.manifest and run.manifest.recipe.get("base") == base:
            return speed, f"as fast as {run.id}"
    return None, "no run with this base yet; known after its first steps"
