"""The search for the training picture nearest to a sample, which shows whether the model copies.

The distance is the root of the mean squared difference of all channels, from 0 (a copy) to 255 (black and white).
Training mirrors pictures, so each is compared mirrored too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.safe_open import check_regular
from garage_tui.core.runs.diffusion_files import HELD_OUT, IMAGES

if TYPE_CHECKING:
    import numpy as np

_CHUNK_BYTES = 16_000_000
_MAX_HELD_OUT = 100


@dataclass(frozen=True)
class NearestMatch:
    """The training picture nearest to a sample: its index, its distance, and whether it is mirrored."""

    index: int
    distance: float
    mirrored: bool


def nearest(sample: np.ndarray, images: np.ndarray) -> NearestMatch:
    """Return the nearest one of `images`, (count, size, size, 3) uint8, to a sample, (size, size, 3) uint8."""
    return nearest_of_each(sample[None], images)[0]


def nearest_of_each(samples: np.ndarray, images: np.ndarray) -> list[NearestMatch]:
    """Return the nearest picture of each sample.

    Args:
        samples: (count, size, size, 3) uint8.
        images: (any count ≥ 1, size, size, 3) uint8; it may be mapped from a file, because it is read in chunks.
    """
    import numpy as np

    both = np.concatenate([samples, samples[:, :, ::-1]]).reshape(2 * len(samples), -1).astype(np.float32) - 127.5
    lengths = np.einsum("ij,ij->i", both, both)[:, None]
    best = np.full(len(both), np.inf, np.float32)
    where = np.zeros(len(both), np.int64)
    chunk = max(1, _CHUNK_BYTES // (4 * both.shape[1]))
    for start in range(0, len(images), chunk):
        part = images[start : start + chunk].reshape(-1, both.shape[1]).astype(np.float32) - 127.5
        distances = lengths + np.einsum("ij,ij->i", part, part)[None] - 2 * (both @ part.T)
        nearer = distances.min(axis=1) < best
        where[nearer] = start + distances.argmin(axis=1)[nearer]
        best = np.minimum(best, distances.min(axis=1))
    found = []
    for at, sample in enumerate(samples):
        mirrored = bool(best[at + len(samples)] < best[at])
        index = int(where[at + len(samples) * mirrored])
        apart = _apart(sample[:, ::-1] if mirrored else sample, images[index])
        found.append(NearestMatch(index, apart, mirrored))
    return found


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    # float32 sums of squares give a copy a distance slightly above 0; integers give the exact one.
    import numpy as np

    return float(np.sqrt(np.mean((one.astype(np.int32) - other.astype(np.int32)) ** 2)))


@dataclass(frozen=True)
class Comparison:
    """The comparison of samples with the training pictures, and with held-out pictures as a reference."""

    near: tuple[NearestMatch, ...]
    pictures: np.ndarray
    """The nearest pictures, mirrored if the match is: (count, size, size, 3) uint8."""
    held_out: tuple[float, ...] = ()
    """Distances of held-out pictures to their nearest training picture; empty if none were held out."""

    @property
    def text(self) -> str:
        """The result in one sentence."""
        import statistics

        apart = sorted(near.distance for near in self.near)
        low, high = f"{apart[0]:.0f}", f"{apart[-1]:.0f}"
        text = f"nearest training picture {low if low == high else f'{low}–{high}'} away (0 is a copy)"
        if not self.held_out:
            return text
        least, usual = min(self.held_out), statistics.median(self.held_out)
        return f"{text}; from pictures never seen it is {least:.0f} or more, from half of them {usual:.0f} or more"


def compare(samples: np.ndarray, run: Path) -> Comparison:
    """Compare samples with the training pictures of a run.

    Raises:
        BadInputError: the run folder has no training pictures, or they have another size.
    """
    import numpy as np

    images = _load(run / IMAGES)
    if images is None:
        raise BadInputError(f"{run.name} has no copy of the pictures that it learned from")
    if images.shape[1:] != samples.shape[1:]:
        wide, sample = images.shape[1], samples.shape[1]
        raise BadInputError(f"{run.name} learned from pictures of {wide} pixels; these have {sample}")
    near = nearest_of_each(samples, images)
    pictures = np.stack([images[one.index][:, ::-1] if one.mirrored else images[one.index] for one in near])
    held_out = _load(run / HELD_OUT)
    if held_out is None or held_out.shape[1:] != images.shape[1:]:
        return Comparison(tuple(near), pictures)
    others = nearest_of_each(np.asarray(held_out[:_MAX_HELD_OUT]), images)
    return Comparison(tuple(near), pictures, tuple(one.distance for one in others))


def _load(path: Path) -> np.ndarray | None:
    """Return the pictures of a file, mapped into memory; None if it is missing, empty or has another format."""
    import numpy as np

    try:
        check_regular(path)
        images: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    good = images.ndim == 4 and images.dtype == np.uint8 and images.shape[3] == 3 and len(images)
    return images if good else None
