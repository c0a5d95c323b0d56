"""The pictures of a diffusion run: procedural ones, a Hub data set, or a folder of images."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.phase import Say, silent
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.images import image_folder, image_set
from garage_tui.core.images.image_set import MAX_HELD_OUT, ImageSet, SkippedImage
from garage_tui.core.images.square import Fit
from garage_tui.jobs.diffusion import butterfly_cache, hub_images

PROCEDURAL, SMITHSONIAN = "procedural", "smithsonian"
DRAWN = 1000
"""Procedural training pictures; 128 more are held out, or proportionally fewer."""

_EVERY_SECONDS = 1.0
"""Seconds between two progress messages."""


@dataclass(frozen=True)
class ImageData:
    """The pictures of a run."""

    train: np.ndarray
    """(n, size, size, 3) uint8, sRGB."""
    held_out: np.ndarray
    """The held-out pictures, in the same format."""
    source: str
    """`procedural`, `smithsonian`, or the folder's absolute path."""
    label: str
    """A description for people."""
    left_out: tuple[SkippedImage, ...]
    sha256: str
    """SHA-256 of the bytes of `train` and `held_out`."""


def load(
    images: str,
    size: int,
    *,
    fit: Fit = "crop",
    count: int | None = None,
    seed: int = 0,
    say: Say = silent,
    where: Path | None = None,
) -> ImageData:
    """Return the pictures that `images` names.

    Args:
        images: `procedural`, `smithsonian`, or a folder; one that has such a name itself is `./procedural`.
        size: side of a picture, in pixels.
        fit: how a picture is made square; procedural ones are square already.
        count: number of training pictures: by default 1,000 procedural ones, or all others.
        seed: of procedural pictures.
        say: called with progress messages; it may raise to cancel.
        where: a folder with the data set of `smithsonian`, instead of the Hub.

    Raises:
        BadInputError: `images` names nothing, too few of the pictures can be used, or a number is out of range.
        GarageError: the Hub does not answer, and the data set is not cached.
    """
    if count is not None and count < 1:
        raise BadInputError(f"{count} pictures: give 1 or more")
    if seed < 0:
        raise BadInputError(f"seed {seed}: give 0 or more")
    if images == PROCEDURAL:
        count = DRAWN if count is None else count
        image_set.check_size(size, count, "procedural")
        found = butterfly_cache.pictures(count, max(1, min(count, DRAWN) * MAX_HELD_OUT // DRAWN), size, seed, say)
        return _data(found, PROCEDURAL, "procedural butterflies")
    progress = _progress(say)
    if images == SMITHSONIAN:
        rows = hub_images.sources(hub_images.BUTTERFLIES, say, where)
        found = image_set.load(rows, size, fit, where="the data set", count=count, progress=progress)
        return _data(found, SMITHSONIAN, "Smithsonian butterflies (CC0)")
    folder = _folder(images)
    found = image_folder.load(folder, size, fit, count, progress)
    return _data(found, str(folder), one_line(folder.name) or "/")


def _folder(images: str) -> Path:
    """Return the folder of that name, as an absolute path.

    Raises:
        BadInputError: there is none, or no manifest could hold its name.
    """
    folder = Path(os.path.realpath(expand_home(images)))
    name = one_line(images)
    if not images.strip() or not folder.is_dir():
        what = "a file, not a folder" if folder.is_file() else "no folder"
        raise BadInputError(f"{name or 'nothing'}: {what}; give `procedural`, `smithsonian`, or a folder of pictures")
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise BadInputError(f"{name}: the folder's path is not UTF-8; rename it") from None
    return folder


def _progress(say: Say) -> Callable[[int, int], None]:
    reported = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal reported
        if (now := time.monotonic()) - reported >= _EVERY_SECONDS:
            reported = now
            say("reading pictures", done, total)

    return progress


def _data(found: ImageSet, source: str, label: str) -> ImageData:
    digest = hashlib.sha256(np.ascontiguousarray(found.train).data)
    digest.update(np.ascontiguousarray(found.held_out).data)
    return ImageData(found.train, found.held_out, source, label, found.left_out, digest.hexdigest())
