"""What a diffusion run will cost, said before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.diffusion_recipe import NAMED, DiffusionRecipe
from garage_tui.core.image_set import FEWEST
from garage_tui.core.runs import list_runs
from garage_tui.core.settings import Workspace
from garage_tui.core.text import duration, one_line

_NAMED_COUNT = 1000
"""Pictures of the sets that have a name; a few of the Hub's are held out."""
_HELD_OUT_SHARE = 0.9
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".ppm")
_MOST = 1_000_000
# Images/s of the preset `small` on two CPU cores (docs/figures.md), for a box without a run yet.
_REFERENCE_PRESET, _REFERENCE_SPEED = "small", 270.0
_START_SECONDS = 25.0  # imports, drawing the data and measuring in the end, measured with the same run


@dataclass(frozen=True)
class DrawingEstimate:
    """Cost of a run; `seconds` is None where nothing is known about it on this box."""

    pictures: int
    source: str
    recipe: DiffusionRecipe
    seconds: float | None
    basis: str
    exact: bool = True
    """False where the pictures were not counted, but their files."""

    @property
    def steps(self) -> int:
        return self.recipe.steps(self.pictures)

    @property
    def sentence(self) -> str:
        recipe = self.recipe
        about = "" if self.exact else "about "
        sum_ = f"{about}{self.pictures:,} {self.source} of {recipe.size} px × {recipe.epochs} epochs"
        time = "time unknown" if self.seconds is None else f"about {duration(self.seconds)}"
        return f"{sum_} ÷ batch {recipe.batch_size} = {self.steps:,} steps · {time} ({self.basis})"

    @property
    def warning(self) -> str:
        """What to think of before starting; empty where all is well."""
        if self.exact or self.pictures >= FEWEST:
            return ""
        return f"Hardly any file there has a picture's name, and {FEWEST} usable pictures are the fewest."


def estimate_diffusion(workspace: Workspace, recipe: DiffusionRecipe, counted: int | None = None) -> DrawingEstimate:
    """Return steps and time of `recipe`; the speed is that of the last run here with such a net and such pictures.

    Args:
        counted: how many pictures there are to learn from, if somebody has looked; by default about as many as files.
    """
    if recipe.images in NAMED:
        pictures = _NAMED_COUNT if recipe.images == NAMED[0] else round(_NAMED_COUNT * _HELD_OUT_SHARE)
        source = {"procedural": "procedural butterflies", "smithsonian": "Smithsonian butterflies"}[recipe.images]
    else:
        folder = Path(recipe.images).expanduser()
        pictures = max(1, round((0 if counted else _files(folder)) * _HELD_OUT_SHARE))
        source = f"pictures of {one_line(folder.name)}"
    pictures = counted or pictures
    speed, basis = _speed_here(workspace, recipe)
    if speed is None and recipe.preset == _REFERENCE_PRESET:
        speed, basis = _REFERENCE_SPEED, "measured on two CPU cores; yours after the first run"
    seconds = None if speed is None else _START_SECONDS + recipe.epochs * pictures / speed
    return DrawingEstimate(pictures, source, recipe, seconds, basis, exact=bool(counted) or recipe.images in NAMED)


def _files(folder: Path) -> int:
    """Return how many files look like pictures, by their names alone."""
    found = 0
    for path in folder.rglob("*"):
        found += path.suffix.lower() in _ENDINGS
        if found >= _MOST:
            break
    return found


def _speed_here(workspace: Workspace, recipe: DiffusionRecipe) -> tuple[float | None, str]:
    same = ("size", "channels", "attention", "layers", "patch", "batch_size", "compile")
    wanted = [_plain(getattr(recipe, key)) for key in same]
    for run in list_runs(workspace):
        speed = run.state.images_per_s if run.state else None
        if speed and run.manifest and [_plain(run.manifest.recipe.get(key)) for key in same] == wanted:
            return speed, f"as fast as {run.id}"
    return None, "no such run here yet; known after its first steps"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
