"""Pictures of any size and kind as what a model learns from: squares of one size, some of them held out.

What cannot be used is left out and named. Memory is that of the squares, and of one decoded picture for each thread.
"""

from __future__ import annotations

import hashlib
import os
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.images.safe_image import Fault, PictureError, Stream, opened
from garage_tui.core.images.square import LARGE, Fit, square

if TYPE_CHECKING:
    import numpy as np

SMALLEST, LARGEST = 8, 1024
"""Side of a square, in pixels."""
FEWEST = 10
"""Usable pictures; below, nothing could be both learned and held out."""
MOST_HELD_OUT = 128
MOST_BYTES = 2_000_000_000
"""Of all squares together."""

_HELD_OUT_SHARE = 0.1
_alone = threading.Lock()
"""Held while a large picture is decoded: hundreds of megabytes, once."""

Why = Fault | Literal["duplicate", "link"]


@dataclass(frozen=True)
class SkippedImage:
    """A picture that is not used."""

    name: str
    """Cleaned: it can be printed."""
    why: Why
    reason: str
    """To follow the name: `is damaged: …`."""


@dataclass(frozen=True)
class ImageFiles:
    """A file that may be a picture."""

    name: str
    """Cleaned."""
    open: Callable[[], AbstractContextManager[Stream]]


@dataclass(frozen=True)
class ImageSet:
    """Squares to learn from, and others that are never learned from."""

    train: np.ndarray
    """(n, size, size, 3) uint8, sRGB."""
    held_out: np.ndarray
    """The same of other pictures."""
    left_out: tuple[SkippedImage, ...] = ()


def load(
    sources: Sequence[ImageFiles],
    size: int,
    fit: Fit = "crop",
    *,
    where: str,
    count: int | None = None,
    left_out: Sequence[SkippedImage] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImageSet:
    """Return the pictures of the sources, in their order.

    About one in ten is held out: which ones, the SHA-256 of each file alone says, so that they stay what they are at
    every size and whatever else is added. They are never fewer than one and never more than `MOST_HELD_OUT`, those with
    the lowest hashes; there alone does another picture count.

    Args:
        sources: what to read; of two that are the same, the first is used.
        size: side of the squares, in pixels.
        fit: how a picture becomes square (`squares.square`).
        where: what holds them, cleaned, for errors.
        count: at most so many to learn from, chosen by their hashes; by default all.
        left_out: what was left out before.
        progress: called with how many are done, and of how many; may raise, which ends it all.

    Raises:
        BadInputError: fewer than `FEWEST` can be used, or they do not fit into memory.
    """
    import numpy as np

    check_size(size, len(sources), where)
    rows = np.empty((len(sources), size, size, 3), np.uint8)

    def one(at: int) -> bytes | SkippedImage:
        """Put one picture into its row and return the hash of its file."""
        try:
            with sources[at].open() as stream:
                with opened(stream, sources[at].name, "used") as image:
                    large = image.format not in ("JPEG", "MPO") and image.width * image.height >= LARGE
                    with _alone if large else nullcontext():
                        rows[at] = square(image, size, fit, sources[at].name)
                stream.seek(0)
                return hashlib.file_digest(stream, "sha256").digest()
        except PictureError as error:
            if isinstance(error.__cause__, MemoryError):  # that is no fault of the picture
                raise error.__cause__ from None
            return SkippedImage(sources[at].name, error.fault, error.words)

    found: list[bytes | SkippedImage] = []
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        with warnings.catch_warnings():  # here, because what it changes holds for all threads
            warnings.simplefilter("ignore")
            for result in pool.map(one, range(len(sources))):
                found.append(result)
                progress(len(found), len(sources))
    finally:
        pool.shutdown(cancel_futures=True)
    names = [source.name for source in sources]
    usable, out = _first_of_each(names, rows, found)
    everything = (*left_out, *out)
    if len(usable) < FEWEST:
        raise BadInputError(_too_few(len(usable), where, everything))
    held, train = split([digest for _, digest in usable], count)
    held_out = rows[[usable[at][0] for at in held]]
    for to, at in enumerate(train):  # upwards, in place: a copy would need the memory of all of them once more
        rows[to] = rows[usable[at][0]]
    return ImageSet(rows[: len(train)], held_out, everything)


def check_size(size: int, count: int, where: str) -> None:
    """Refuse pictures of a size that makes no sense, or more of them than fit into memory.

    Raises:
        BadInputError: so it is.
    """
    if not SMALLEST <= size <= LARGEST:
        raise BadInputError(f"{size} px: pictures to learn from are {SMALLEST} to {LARGEST} px wide and high")
    if (needed := count * size * size * 3) > MOST_BYTES:
        most = f"{needed / 1e9:.1f} GB of memory, more than {MOST_BYTES / 1e9:.0f}"
        raise BadInputError(f"{where}: {count:,} pictures at {size} px take {most}: take fewer, or a smaller size")


def split(digests: Sequence[bytes], count: int | None = None) -> tuple[list[int], list[int]]:
    """Return which of some pictures are held out and which are learned from, by the hashes of their files."""
    order = sorted(range(len(digests)), key=lambda at: digests[at])
    low = sum(int.from_bytes(digest[:8]) < _HELD_OUT_SHARE * 2**64 for digest in digests)
    held = min(max(low, 1), MOST_HELD_OUT)
    return sorted(order[:held]), sorted(order[held:][:count])


def _first_of_each(
    names: Sequence[str], rows: np.ndarray, found: Sequence[bytes | SkippedImage]
) -> tuple[list[tuple[int, bytes]], list[SkippedImage]]:
    """Return the rows of all different pictures with their hashes, and what is left out."""
    usable, out = [], []
    seen: dict[bytes, str] = {}
    for at, result in enumerate(found):
        if isinstance(result, SkippedImage):
            out.append(result)
            continue
        pixels = hashlib.sha256(rows[at]).digest()  # the same picture may be in two files that differ in a date
        if first := seen.get(result) or seen.get(pixels):
            out.append(SkippedImage(names[at], "duplicate", f"is the same picture as {first}"))
        else:
            usable.append((at, result))
        seen.setdefault(result, names[at])
        seen.setdefault(pixels, names[at])
    return usable, out


def _too_few(usable: int, where: str, left_out: Sequence[SkippedImage]) -> str:
    have = f"{where} has {usable or 'no'} usable picture{'s' * (usable != 1)}, and {FEWEST} are the fewest"
    if not left_out:
        return have
    whys = ", ".join(f"{number} {why}" for why, number in Counter(out.why for out in left_out).most_common())
    return f"{have}; left out: {whys} ({left_out[0].name} {left_out[0].reason})"
