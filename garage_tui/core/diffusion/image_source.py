"""Sources of the pictures of a diffusion run: a named set, or a folder."""

from __future__ import annotations

from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import plural
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.diffusion.recipe import NAMED
from garage_tui.core.images import albums

_NAMED_LINES = {
    "procedural": "procedural · butterflies by rule, no download",
    "smithsonian": "smithsonian · 1,000 photographs of butterflies (CC0) from the Hub",
}


def folder_of(images: str) -> Path | None:
    """Return the folder that `images` names; None for a named set.

    Raises:
        BadInputError: it is neither.
    """
    if images in NAMED:
        return None
    folder = expand_home(images)
    try:
        there = bool(images.strip()) and folder.is_dir()
    except (OSError, ValueError):
        there = False
    if not there:
        name = one_line(images) or "is named"
        raise BadInputError(f"no folder {name}: give {', '.join(NAMED)}, or a folder of pictures")
    return folder.resolve()


def choices(datasets: Path) -> list[tuple[str, str]]:
    """Return the sources to choose from, each as (line for a list, `images` of a recipe)."""
    found = [(_NAMED_LINES[name], name) for name in NAMED]
    for album in albums.dataset_albums(datasets):
        count = len(album.pages)
        found.append((f"{album.name} · {plural(count, 'picture')}", str(album.path)))
    return found
