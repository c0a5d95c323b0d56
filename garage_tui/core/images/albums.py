"""Albums: the contact sheets of a run, or a folder of pictures. Only the names of the files are read."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.diffusion_files import SAMPLES

MAX_PAGES = 20_000
_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ppm"})
_EPOCH = re.compile(r"epoch-(\d{1,9})\.png")


@dataclass(frozen=True)
class AlbumPage:
    """A picture file."""

    path: Path
    name: str
    """A title: `epoch 4`, `seed 42`, the name of a file."""
    epoch: int | None = None
    """The epoch of a sheet that a run draws by itself, always with the same seeds; None for any other file."""


@dataclass(frozen=True)
class Album:
    """Pictures that belong together."""

    path: Path
    """The run folder, or the folder that holds the pictures."""
    name: str
    pages: tuple[AlbumPage, ...] = ()
    is_run: bool = False

    @property
    def epochs(self) -> tuple[AlbumPage, ...]:
        """The sheets that show the same seeds, from the first epoch to the last."""
        return tuple(page for page in self.pages if page.epoch is not None)


def run_album(folder: Path) -> Album:
    """Return the sheets of a run: its epochs, then those drawn on demand. Animations of sampling steps are left out."""
    names = [
        name for name in _sorted_names(folder / SAMPLES) if name.endswith(".png") and not name.startswith("steps-")
    ]
    pages = [_sheet_page(folder / SAMPLES / name) for name in names]
    pages.sort(key=lambda page: (page.epoch is None, page.epoch or 0))
    return Album(folder, one_line(folder.name), tuple(pages), is_run=True)


def folder_album(folder: Path, name: str = "") -> Album:
    """Return the pictures of a folder, in the order of their names.

    Args:
        name: title of the album; by default the path.
    """
    names = [found for found in _sorted_names(folder) if os.path.splitext(found)[1].lower() in _ENDINGS]  # noqa: PTH122
    pages = tuple(AlbumPage(folder / found, one_line(found)) for found in names)
    return Album(folder, name or one_line(str(folder)), pages)


def dataset_albums(datasets: Path) -> tuple[Album, ...]:
    """Return the folders of pictures in `datasets`, before them `datasets` itself if it holds pictures."""
    try:
        with os.scandir(datasets) as entries:
            inside = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return ()
    own = folder_album(datasets, datasets.name)
    found = [folder_album(datasets / name, one_line(f"{datasets.name}/{name}")) for name in inside]
    return tuple(album for album in (own, *found) if album.pages)


def sheet_path(run: Path, seed: int, steps: int | None = None, *, animated: bool = False) -> Path:
    """Return the path of the sheet of samples that begin with a seed.

    Args:
        steps: sampling steps, if they are not those of the run.
        animated: return the path of the animation of the sampling steps.
    """
    name = f"seed-{seed}" + (f"-in-{steps}" if steps else "")
    return run / SAMPLES / f"{'steps-' if animated else ''}{name}.png"


def _sheet_page(path: Path) -> AlbumPage:
    if match := _EPOCH.fullmatch(path.name):
        epoch = int(match[1])
        return AlbumPage(path, f"epoch {epoch}", epoch)
    stem, near = path.stem.removeprefix("nearest-"), path.stem.startswith("nearest-")
    name = re.sub(r"^(epoch|seed)-0*(\d+)", r"\1 \2", stem)
    name = re.sub(r"-in-(\d+)$", r" in \1 steps", name)
    return AlbumPage(path, one_line(f"{name}, nearest" if near else name))


def _sorted_names(folder: Path) -> list[str]:
    """Return the names of the files in a folder, 9 before 10; an empty list where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            found = (entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file())
            names = [name for name, _ in zip(found, range(MAX_PAGES), strict=False)]
    except OSError:
        return []
    return sorted(names, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])
