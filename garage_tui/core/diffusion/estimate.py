"""The estimated cost of a diffusion run: steps, time and memory."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.base.files_under import files_under
from garage_tui.core.base.format import plural, rough_time
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.diffusion.memory import CUDA_CONTEXT, memory_of, net_of
from garage_tui.core.diffusion.recipe import NAMED, DiffusionRecipe, make_recipe
from garage_tui.core.hardware import gpus as gpu
from garage_tui.core.hardware.memory import all_memory, free_memory, memory_again
from garage_tui.core.images.image_set import FEWEST
from garage_tui.core.runs.measured_here import measured_here
from garage_tui.core.settings.settings import Workspace

_NAMED_COUNT = 1000
"""Pictures of a named set; some of those from the Hub are held out."""
_HELD_OUT_SHARE = 0.9
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".ppm")
_MOST = 1_000_000
# Images/s of the preset `small` on two CPU cores (docs/explain/figures.md), for a box without a run yet.
_REFERENCE_PRESET, _REFERENCE_SPEED = "small", 270.0
_SAME_NET = ("size", "channels", "attention", "layers", "patch", "batch_size", "compile")
"""Values of the recipe that decide the speed."""
_FEW_STEPS = 3
_SAME_MEMORY = (*_SAME_NET, "head_dim", "mixed_precision")
_START_SECONDS = 10.0  # imports and reading the data, measured with the same run; a fetch is not counted
_MEASURED = 128
"""Pictures that the report card draws."""
_FORWARD_SHARE = 1 / 3
"""Time of a forward pass, as a share of that of a training step."""


@dataclass(frozen=True)
class DiffusionEstimate:
    """Steps, time and memory of a run; `seconds` is None if no such run has been measured here."""

    pictures: int
    source: tuple[str, str]
    """What the pictures are, of one and of several."""
    recipe: DiffusionRecipe
    seconds: float | None
    basis: str
    exact: bool = True
    """False if files were counted instead of usable pictures."""
    memory: float = 0.0
    """Peak memory in bytes: on each GPU if there is one, else main memory."""
    free: float | None = None
    """Bytes that are free there now; None if that is unknown."""
    on_gpu: bool = False

    @property
    def steps(self) -> int:
        return self.recipe.steps(self.pictures)

    @property
    def sentence(self) -> str:
        recipe = self.recipe
        about = "" if self.exact else "about "
        pictures = plural(self.pictures, *self.source)
        sum_ = f"{about}{pictures} of {recipe.size} px × {plural(recipe.epochs, 'epoch')}"
        time = "time unknown" if self.seconds is None else rough_time(self.seconds)
        return f"{sum_} ÷ batch {recipe.batch_size} = {plural(self.steps, 'step')} · {time} ({self.basis})"

    @property
    def memory_text(self) -> str:
        """A sentence on the memory that the run needs and that is free."""
        where = "GPU memory" if self.on_gpu else "memory"
        free = "free memory unknown" if self.free is None else f"{_down(self.free)} GB are free"
        return f"Needs up to {_up(self.memory)} GB of {where}; {free}."

    @property
    def warning(self) -> str:
        """Why the run may fail; empty if all is well."""
        if not self.exact and self.pictures < FEWEST:
            return f"Hardly any file in that folder is named like a picture; a run needs at least {FEWEST}."
        if self.free is None or self.memory <= self.free:
            return ""
        where = "of GPU memory " if self.on_gpu else ""
        return (
            f"It may not fit: {_up(self.memory)} GB {where}are needed, {_down(self.free)} GB are free. "
            "A smaller batch or smaller pictures need less."
        )


def estimate_diffusion(
    workspace: Workspace, recipe: DiffusionRecipe, counted: int | None = None, gpus: tuple[int, ...] = ()
) -> DiffusionEstimate:
    """Return steps, time and memory of `recipe`, measured by the last run here with the same net, if there is one.

    Args:
        counted: number of training pictures, if known; by default it is estimated from the number of files.
        gpus: the GPUs of the run; by default one, if there is any.
    """
    if recipe.images in NAMED:
        pictures = _NAMED_COUNT if recipe.images == NAMED[0] else round(_NAMED_COUNT * _HELD_OUT_SHARE)
        kind = {"procedural": "procedural", "smithsonian": "Smithsonian"}[recipe.images]
        source = (f"{kind} butterfly", f"{kind} butterflies")
    else:
        folder = expand_home(recipe.images)
        pictures = max(1, round((0 if counted else _files(folder)) * _HELD_OUT_SHARE))
        source = (f"picture of {one_line(folder.name)}", f"pictures of {one_line(folder.name)}")
    pictures = counted or pictures
    readings = gpu.usable()
    speed, basis = _speed_here(workspace, recipe, on_gpu=bool(readings))
    drawn = recipe.sample_steps * (_MEASURED + recipe.samples * len(recipe.sheet_epochs)) * _FORWARD_SHARE
    seconds = None if speed is None else _START_SECONDS + (recipe.epochs * pictures + drawn) / speed
    count = max(1, len(gpus)) if readings else 0
    memory = _memory_here(workspace, recipe, count, all_memory(readings, gpus)) or memory_of(recipe, pictures, count)
    return DiffusionEstimate(
        pictures,
        source,
        recipe,
        seconds,
        basis,
        exact=bool(counted) or recipe.images in NAMED,
        memory=memory,
        free=free_memory(readings, gpus),
        on_gpu=bool(readings),
    )


def _files(folder: Path) -> int:
    """Return the number of files with the name of a picture."""
    found = 0
    for file in files_under(folder):
        found += file.suffix.lower() in _ENDINGS
        if found >= _MOST:
            break
    return found


def _speed_here(workspace: Workspace, recipe: DiffusionRecipe, *, on_gpu: bool) -> tuple[float | None, str]:
    """Return the pictures a second of `recipe` and what that is known from.

    That is the last run with the same net; else the last one with another net, by the work for a picture; else the
    reference.
    """
    others: list[tuple[float, DiffusionRecipe, str]] = []
    for run, manifest, state in measured_here(workspace, "diffusion", on_gpu=on_gpu):
        if not state.images_per_s or 0 < state.step < _FEW_STEPS:  # the first steps are slower than all others
            continue
        if _alike(manifest.recipe, recipe, _SAME_NET):
            return state.images_per_s, f"as fast as {run.id}"
        with contextlib.suppress(msgspec.ValidationError):  # a recipe of another version
            others.append((state.images_per_s, msgspec.convert(manifest.recipe, DiffusionRecipe), run.id))
    if not others and on_gpu:
        return None, "no such run here yet; known after the first steps"
    if others:
        speed, other, name = others[0]
        return speed * net_of(other).effort / net_of(recipe).effort, f"worked out from {name}, which has another net"
    reference = make_recipe(_REFERENCE_PRESET)
    if all(getattr(reference, key) == getattr(recipe, key) for key in _SAME_NET):
        return _REFERENCE_SPEED, "measured on two CPU cores, not on this box yet"
    speed = _REFERENCE_SPEED * net_of(reference).effort / net_of(recipe).effort
    return speed, f"worked out from the preset {_REFERENCE_PRESET} on two CPU cores, not on this box yet"


def _memory_here(workspace: Workspace, recipe: DiffusionRecipe, gpus: int, total: float | None) -> float | None:
    """Return the memory of the last such finished run on as many GPUs, in bytes; None if there is none.

    Args:
        total: all bytes of such a GPU, or of main memory; None if unknown.
    """
    for _, manifest, state in measured_here(workspace, "diffusion", on_gpu=bool(gpus)):
        if state.state != "finished":
            continue
        used = state.gpu_memory if gpus else state.memory if state.gpu_memory is None else None
        if used and max(1, len(manifest.gpus_asked)) == max(1, gpus) and _alike(manifest.recipe, recipe, _SAME_MEMORY):
            return memory_again(used, CUDA_CONTEXT if gpus else 0, total)
    return None


def _alike(there: dict[str, Any], recipe: DiffusionRecipe, keys: tuple[str, ...]) -> bool:
    return all(there.get(key) == _plain(getattr(recipe, key)) for key in keys)


def _up(size: float) -> str:
    return f"{math.ceil(size / 1e8) / 10:.1f}"


def _down(size: float) -> str:
    return f"{math.floor(size / 1e8) / 10:.1f}"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
