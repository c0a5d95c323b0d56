"""A cache of procedural butterflies in the user's cache folder: drawing 1,128 takes up to a minute."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from pathlib import Path

import numpy as np

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.package_path import PACKAGE
from garage_tui.core.base.phase import Say
from garage_tui.core.base.safe_open import check_regular
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.images.image_set import ImageSet
from garage_tui.core.settings.settings import models_folder
from garage_tui.jobs.diffusion.butterfly import generate

MAX_CACHED = 8
"""Most sets of pictures in the cache; the least recently used are deleted first."""


def pictures(train: int, held_out: int, size: int, seed: int, say: Say) -> ImageSet:
    """Return so many training and held-out butterflies, `size` pixels wide and high."""
    folder = models_folder().parent / "images"
    path = folder / f"procedural-{train}-{held_out}-{size}px-seed{seed}-{_drawing()}.npy"
    images = _read(path, (train + held_out, size, size, 3))
    if images is None:
        cores = len(os.sched_getaffinity(0))
        total = train + held_out
        text = f"drawing {total:,} butterflies at {size} px"
        say(text, 0, total)
        parts = (
            generate.training(train, size, seed, workers=cores, on_progress=lambda done: say(text, done, total)),
            generate.held_out(
                held_out, size, seed, workers=cores, on_progress=lambda done: say(text, train + done, total)
            ),
        )
        images = np.concatenate(parts)
        try:
            _write(path, images)
        except OSError as error:
            say(f"the drawn pictures could not be cached: {path}: {why_not_written(error, path)}")
    return ImageSet(images[:train], images[train:])


def drawing_sources() -> list[Path]:
    """Return the source files that decide how a butterfly looks."""
    return sorted((PACKAGE / "jobs" / "diffusion" / "butterfly").glob("*.py"))


def _drawing() -> str:
    """Return a key of the drawing code, which changes whenever a pixel may differ."""
    digest = hashlib.sha256(f"{np.__version__} {os.uname().machine}".encode())
    for source in drawing_sources():
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def _read(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return the cached pictures; None if there are none, or they are damaged."""
    try:
        check_regular(path)
        images = np.load(path, allow_pickle=False)
        if not isinstance(images, np.ndarray) or images.shape != shape or images.dtype != np.uint8:
            return None
        os.utime(path)
    except (OSError, ValueError, EOFError):
        return None
    return images


def _write(path: Path, images: np.ndarray) -> None:
    """Write the pictures, and delete the oldest sets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    np.save(data, images)
    write_atomic(path, data.getvalue())
    kept = sorted(path.parent.glob("procedural-*.npy"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in kept[MAX_CACHED:]:
        with contextlib.suppress(OSError):
            old.unlink()
