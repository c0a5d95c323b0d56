"""The inputs for a repeated run: its recipe, its facts, and its shell command."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.diffusion.recipe import CHANGEABLE as DIFFUSION_CHANGEABLE
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.diffusion.recipe import make_recipe as make_diffusion_recipe
from garage_tui.core.facts.file import MAX_BYTES
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.runs.record import Run
from garage_tui.core.training.recipe import CHANGEABLE, LoraRecipe, make_recipe


def recipe_of(run: Run, preset: str | None = None, *, rows: int = 0, **changes: object) -> LoraRecipe:
    """Return the recipe of a run with `changes`; with a preset, that preset's on the run's base.

    The rank is what the preset has for `rows` rows, unless the owner chose another one for that run.

    Args:
        rows: how many the new run will teach; 0 where that is not known: the rank stays that of the run.

    Raises:
        BadInputError: the run cannot be read, or a value is out of range.
    """
    if run.manifest is None:
        raise BadInputError(f"{run.id} cannot be read: {run.broken}")
    if run.manifest.kind != "lora":
        raise BadInputError(f"{run.id} is a {run.manifest.kind} run, which has no facts")
    known = {key: value for key, value in run.manifest.recipe.items() if value is not None}
    kept = {"base": known.get("base")} if preset else {key: known[key] for key in known if key != "preset"}
    name = preset or str(known.get("preset", "default"))
    if not preset and rows and known.get("rank") == make_recipe(name, rows=rows_of(run)).rank:
        del kept["rank"]
    changed = {key: value for key, value in changes.items() if value is not None}
    return make_recipe(name, rows=rows, **{**kept, **changed})


def diffusion_recipe_of(run: Run, preset: str | None = None, **changes: object) -> DiffusionRecipe:
    """Return the recipe of a diffusion run with `changes` over it; with a preset, the preset's on the run's pictures.

    Raises:
        BadInputError: the run cannot be read, is of another kind, or a value is out of range.
    """
    if run.manifest is None:
        raise BadInputError(f"{run.id} cannot be read: {run.broken}")
    if run.manifest.kind != "diffusion":
        raise BadInputError(f"{run.id} is a {run.manifest.kind} run, which has no pictures")
    known = {key: value for key, value in run.manifest.recipe.items() if value is not None}
    kept = {"images": known.get("images")} if preset else {key: known[key] for key in known if key != "preset"}
    changed = {key: value for key, value in changes.items() if value is not None}
    name = preset or str(known.get("preset", "small"))
    return make_diffusion_recipe(name, **{**kept, **changed})


def facts_of(run: Run) -> Path:
    """Return the file that a run was trained on: the original while it is unchanged, else the run's own copy."""
    if run.manifest is not None:
        original = Path(str(run.manifest.dataset.get("path", "")))
        with contextlib.suppress(OSError):
            data = read_regular(original, MAX_BYTES)
            if hashlib.sha256(data).hexdigest() == run.manifest.dataset.get("sha256"):
                return original
    return run.path / FACTS


def rows_of(run: Run) -> int:
    """Return how many rows a run is trained on; 0 if its manifest does not say."""
    rows = run.manifest.dataset.get("rows") if run.manifest else None
    return rows if isinstance(rows, int) else 0


def diffusion_command_of(recipe: DiffusionRecipe, name: str | None, gpus: tuple[int, ...]) -> list[str]:
    """Return the shell command that starts a diffusion run with this recipe, for the run's manifest."""
    command = ["garage", "train", "diffusion", "--images", recipe.images, "--preset", recipe.preset]
    default = make_diffusion_recipe(recipe.preset)
    for field in DIFFUSION_CHANGEABLE:
        value = getattr(recipe, field)
        if field == "images" or value == getattr(default, field):
            continue
        if isinstance(value, bool):
            command.append(_switch(field, value))
        else:
            command += [f"--{field.replace('_', '-')}", _as_argument(value)]
    return command + _name_and_gpus(name, gpus)


def command_of(file: Path, rows: int, recipe: LoraRecipe, name: str | None, gpus: tuple[int, ...]) -> list[str]:
    """Return the shell command that starts a run with this recipe on the file's `rows` rows, for the run's manifest."""
    command = ["garage", "train", "lora", "--facts", str(file), "--preset", recipe.preset]
    default = make_recipe(recipe.preset, rows=rows)
    for field in CHANGEABLE:
        value = getattr(recipe, field)
        if isinstance(value, bool):
            if value != getattr(default, field):
                command.append(_switch(field, value))
        elif field == "base" or value != getattr(default, field):
            command += [f"--{field.replace('_', '-')}", _as_argument(value)]
    return command + _name_and_gpus(name, gpus)


def _switch(field: str, value: bool) -> str:
    return f"--{'' if value else 'no-'}{field.replace('_', '-')}"


def _as_argument(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _name_and_gpus(name: str | None, gpus: tuple[int, ...]) -> list[str]:
    return [*(["--gpus", ",".join(map(str, gpus))] if gpus else []), *(["--name", name] if name else [])]
