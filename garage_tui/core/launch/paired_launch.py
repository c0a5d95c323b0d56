"""Teach the same facts twice, with the default recipe and as in the story, so that their report cards compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import duration
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.facts.file import Fact
from garage_tui.core.facts.training_file import TrainingFile, read_training_file
from garage_tui.core.launch import start
from garage_tui.core.launch.rerun import command_of, facts_of, recipe_of, rows_of
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.models.base_models import BaseModel, find
from garage_tui.core.runs.catalog import slug
from garage_tui.core.runs.record import Run
from garage_tui.core.training.estimate import LoraEstimate, estimate_lora
from garage_tui.core.training.recipe import LoraRecipe, make_recipe

PRESETS = ("default", "story")
_NAME = 32
"""Characters of a name that leave room for the preset's behind them in a run id."""


@dataclass(frozen=True)
class PairedLaunch:
    """What two runs have in common."""

    file: Path
    name: str
    """What their names begin with."""
    base: str
    seed: int = 0
    gpus: tuple[int, ...] = ()

    def recipes(self, rows: int) -> tuple[LoraRecipe, ...]:
        """Return the recipes of the two for that many rows.

        Raises:
            BadInputError: the seed is out of its range.
        """
        return tuple(make_recipe(preset, rows=rows, base=self.base, seed=self.seed) for preset in PRESETS)

    def run_name(self, preset: str) -> str:
        """Return the name of one of the two; a name that ends with a preset's already does not get another one."""
        stem = slug(self.name)
        for other in PRESETS:
            stem = stem.removesuffix(f"-{other}")
        return f"{stem[:_NAME].strip('-')}-{preset}".strip("-")

    def estimates(self, workspace: Workspace, base: BaseModel, rows: Sequence[Fact]) -> list[LoraEstimate]:
        """Return what each of the two runs will cost; `base` is the model that `self.base` names."""
        return [estimate_lora(workspace, recipe, base, rows) for recipe in self.recipes(len(rows))]

    def cost(self, workspace: Workspace, base: BaseModel, rows: Sequence[Fact]) -> str:
        """Return what the two will cost together: `30 + 75 steps · about 8 min`."""
        found = self.estimates(workspace, base, rows)
        seconds = [one.seconds for one in found if one.seconds is not None]
        time = f"about {duration(sum(seconds))}" if len(seconds) == len(found) else "time unknown"
        return f"{' + '.join(str(one.steps) for one in found)} steps · {time}"


def paired_launch_of(run: Run) -> PairedLaunch:
    """Return what is needed to teach both ways what a run taught.

    Raises:
        BadInputError: it cannot be read.
    """
    recipe = recipe_of(run)
    assert run.manifest is not None  # recipe_of has read it
    file = facts_of(run)
    name = Path(str(run.manifest.dataset.get("path", ""))).stem or file.stem
    return PairedLaunch(file, name, recipe.base, recipe.seed, run.manifest.gpus_asked)


def preset_of(run: Run) -> str:
    """Return the preset that a run is exactly, if it is one of the two: the same would come of it; else nothing."""
    try:
        recipe = recipe_of(run)
        there = PairedLaunch(Path(), "", recipe.base, recipe.seed).recipes(rows_of(run))
        return next((preset for preset, same in zip(PRESETS, there, strict=True) if same == recipe), "")
    except BadInputError:
        return ""


def start_both(
    workspace: Workspace,
    settings: Settings,
    both: PairedLaunch,
    without: str = "",
    limits: RunLimits | None = None,
    taught: TrainingFile | None = None,
    base: BaseModel | None = None,
) -> list[Path]:
    """Start the two runs, one after the other in the queue, and return their folders.

    Args:
        without: a preset of which there is a run already.
        limits: those of both runs; by default those of the settings.
        taught: the facts file, if the caller has read it; by default it is read now.
        base: the model that `both.base` names, if the caller has looked it up; by default it is looked up now.

    Raises:
        BadInputError: what `start_lora` refuses.
        GarageError: one could not be started; where that is the second, the first goes on and the text says so.
    """
    folders: list[Path] = []
    taught = taught or read_training_file(both.file)
    base = base or find(both.base)
    rows = len(taught.rows)
    for recipe in both.recipes(rows):
        if recipe.preset == without:
            continue
        name = both.run_name(recipe.preset)
        command = command_of(both.file, rows, recipe, name, both.gpus)
        try:
            folder = start.start_lora(
                workspace, settings, both.file, recipe, name, command, both.gpus, limits, taught, base
            )
        except GarageError as error:
            if not folders:
                raise
            raise GarageError(f"{folders[0].name} was started, the other one not: {error}") from error
        folders.append(folder)
    return folders
