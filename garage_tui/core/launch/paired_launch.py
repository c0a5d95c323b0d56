"""A pair of runs on the same facts, with the presets default and story, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import plural, rough_time
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.training_file import TrainingFile, read_training_file
from garage_tui.core.launch import start
from garage_tui.core.launch.rerun import command_of, facts_of, recipe_of, rows_of
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.models.base_models import BaseModel, find
from garage_tui.core.runs.catalog import slug
from garage_tui.core.runs.record import Run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.estimate import LoraEstimate, estimate_lora
from garage_tui.core.training.quantization import in_4bit
from garage_tui.core.training.recipe import LoraRecipe, make_recipe

PRESETS = ("default", "story")
_NAME = 32
"""Most characters of a name, so that the preset's name fits behind it in a run id."""


@dataclass(frozen=True)
class PairedLaunch:
    """The inputs that the two runs of a pair share."""

    file: Path
    name: str
    """The beginning of both names."""
    base: str
    seed: int = 0
    gpus: tuple[int, ...] = ()
    place: str = ""
    """The place where they work; empty for this box."""

    def recipes(self, rows: int) -> tuple[LoraRecipe, ...]:
        """Return the two recipes for so many rows.

        Raises:
            BadInputError: the seed is out of range.
        """
        return tuple(make_recipe(preset, rows=rows, base=self.base, seed=self.seed) for preset in PRESETS)

    def run_name(self, preset: str) -> str:
        """Return the name of one of the two runs; a preset's name at the end is replaced, not added to."""
        stem = slug(self.name)
        for other in PRESETS:
            stem = stem.removesuffix(f"-{other}")
        return f"{stem[:_NAME].strip('-')}-{preset}".strip("-")

    def estimates(self, workspace: Workspace, base: BaseModel, rows: Sequence[Fact]) -> list[LoraEstimate]:
        """Return what each of the two runs will cost; `base` is the model that `self.base` names."""
        return [estimate_lora(workspace, recipe, base, rows) for recipe in self.recipes(len(rows))]

    def cost_lines(self, workspace: Workspace, base: BaseModel, rows: Sequence[Fact], without: str = "") -> list[str]:
        """Return what each of the two runs will cost as a line, and below it a warning where there is one.

        Args:
            without: a preset of which there is a run already.
        """
        lines = []
        for preset, estimate in zip(PRESETS, self.estimates(workspace, base, rows), strict=True):
            if preset != without:
                lines += [f"{preset}: {estimate.sentence}"] + ([estimate.warning] if estimate.warning else [])
        return lines

    def cost(self, workspace: Workspace, base: BaseModel, rows: Sequence[Fact]) -> str:
        """Return the cost of both runs together: `30 + 75 steps · about 8 minutes`."""
        found = self.estimates(workspace, base, rows)
        seconds = [one.seconds for one in found if one.seconds is not None]
        time = rough_time(sum(seconds)) if len(seconds) == len(found) else "time unknown"
        return f"{' + '.join(str(one.steps) for one in found)} steps · {time}"


def paired_launch_of(run: Run) -> PairedLaunch:
    """Return the pair for the facts of a run.

    Raises:
        BadInputError: the run cannot be read.
    """
    recipe = recipe_of(run)
    assert run.manifest is not None  # recipe_of has read it
    file = facts_of(run)
    name = Path(str(run.manifest.dataset.get("path", ""))).stem or file.stem
    return PairedLaunch(file, name, recipe.base, recipe.seed, run.manifest.gpus_asked, run.manifest.place)


def preset_of(run: Run) -> str:
    """Return the preset whose recipe a run has exactly; empty if it has neither.

    A run that has started has in its recipe whether its base is loaded in 4 bits, which a preset leaves open. So
    recipes are compared as they would be on this machine.
    """
    try:
        recipe = recipe_of(run)
        there = PairedLaunch(Path(), "", recipe.base, recipe.seed).recipes(rows_of(run))
    except BadInputError:
        return ""
    resolved = _resolved(recipe)
    return next((preset for preset, same in zip(PRESETS, there, strict=True) if _resolved(same) == resolved), "")


def _resolved(recipe: LoraRecipe) -> LoraRecipe:
    """Return a recipe with what it leaves open decided as its run would."""
    try:
        base = find(recipe.base)
    except GarageError:  # a base that was deleted since
        return msgspec.structs.replace(recipe, load_in_4bit=bool(recipe.load_in_4bit))
    return msgspec.structs.replace(recipe, load_in_4bit=in_4bit(recipe, base))


def plan_text(
    workspace: Workspace, both: PairedLaunch, base: BaseModel, rows: Sequence[Fact], half: tuple[str, str] | None
) -> str:
    """Return what will be trained, with steps, time and memory, in a line for each run.

    Args:
        half: the id and the preset of a run that is there already.
    """
    lines = [f"{half[1]}: {half[0]} exists already and is not trained again"] if half else []
    lines += both.cost_lines(workspace, base, rows, half[1] if half else "")
    if both.place:
        lines.append(f"They work at {both.place}, whose queue decides when.")
    elif before := start.runs_before(both.gpus):
        lines.append(f"{plural(before, 'run')} will work first.")
    return "\n".join(lines)


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
        GarageError: a run could not be started; if it was the second, the first continues and the text says so.
    """
    folders: list[Path] = []
    taught = taught or read_training_file(both.file)
    base = base or find(both.base)
    rows = len(taught.rows)
    for recipe in both.recipes(rows):
        if recipe.preset == without:
            continue
        name = both.run_name(recipe.preset)
        command = command_of(both.file, rows, recipe, name, both.gpus) + (["--at", both.place] if both.place else [])
        try:
            folder = start.start_lora(
                workspace, settings, both.file, recipe, name, command, both.gpus, limits, taught, base, both.place
            )
        except GarageError as error:
            if not folders:
                raise
            raise GarageError(f"{folders[0].name} was started, but the other run was not: {error}") from error
        folders.append(folder)
    return folders
