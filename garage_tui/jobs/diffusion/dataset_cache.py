"""The pictures of a run: prepared once and copied into its folder, independent of their source."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import plural
from garage_tui.core.base.safe_open import check_regular
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.images.image_set import SkippedImage
from garage_tui.core.runs.diffusion_files import HELD_OUT, IMAGES
from garage_tui.core.runs.record import Manifest, write_manifest
from garage_tui.jobs.diffusion import image_data

_NAMED = 5
"""Skipped pictures that the log names; the manifest lists all."""


class PicturesProgress(Protocol):
    """What is told while pictures are read; a job's `progress.Progress` is one."""

    def say(self, text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None: ...
    def warn(self, text: str) -> None: ...


def images_of(
    folder: Path, manifest: Manifest, recipe: DiffusionRecipe, progress: PicturesProgress
) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the training and the held-out pictures, (count, size, size, 3) uint8, and their description.

    Raises:
        GarageError: there are none, or the run's copies were changed.
    """
    if known := manifest.dataset.get("sha256"):
        train, held_out = (_read(folder / name) for name in (IMAGES, HELD_OUT))
        if _digest(train, held_out) != known:
            raise GarageError(f"{folder / IMAGES} was changed since the run began; start a new run")
        return train, held_out, str(manifest.dataset["label"])
    found = image_data.load(recipe.images, recipe.size, fit=recipe.fit, seed=recipe.seed, say=progress.say)
    _write(folder / IMAGES, found.train)
    _write(folder / HELD_OUT, found.held_out)
    if found.left_out:
        progress.warn(_left_out(found.left_out))
    about = {
        "path": found.source,
        "sha256": found.sha256,
        "rows": len(found.train),
        "held_out": len(found.held_out),
        "label": found.label,
        "left_out": [f"{one.name} {one.reason}" for one in found.left_out],
    }
    write_manifest(folder, msgspec.structs.replace(manifest, dataset=about))
    return found.train, found.held_out, found.label


def _read(path: Path) -> np.ndarray:
    """Return a memory-mapped array."""
    try:
        check_regular(path)
        pictures: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise GarageError(f"{path} cannot be read ({reason_of(error)}); start a new run") from error
    return pictures


def _write(path: Path, pictures: np.ndarray) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        np.save(file, pictures, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _digest(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _left_out(pictures: tuple[SkippedImage, ...]) -> str:
    named = "; ".join(f"{one.name} {one.reason}" for one in pictures[:_NAMED])
    more = f"; and {len(pictures) - _NAMED} more (run.json lists all)" if len(pictures) > _NAMED else ""
    return f"{plural(len(pictures), 'picture')} skipped: {named}{more}"
