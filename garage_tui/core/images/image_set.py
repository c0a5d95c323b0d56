"""Loads pictures of any size and format as training data: squares of one size, some of them held out.

Pictures that cannot be used are skipped and named. Memory: all squares, and one decoded picture for each thread.
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
from garage_tui.core.images.left_out_count import count_text
from garage_tui.core.images.safe_image import Fault, PictureError, Stream, open_image
from garage_tui.core.images.square import LARGE, Fit, make_square

if TYPE_CHECKING:
    import numpy as np

SMALLEST, LARGEST = 8, 1024
"""Side of a square, in pixels."""
FEWEST = 10
"""Least number of usable pictures: with fewer, too little would be left to learn from or to hold out."""
MAX_HELD_OUT = 128
MAX_BYTES = 2_000_000_000
"""Most bytes of all squares together."""

_HELD_OUT_SHARE = 0.1
_large_image_lock = threading.Lock()
"""Held while a large picture is decoded, so that its hundreds of megabytes are needed once."""

Why = Fault | Literal["duplicate", "link"]


@dataclass(frozen=True)
class SkippedImage:
    """A picture that was not used."""

    name: str
    """Sanitised: it can be printed."""
    why: Why
    reason: str
    """The end of a sentence that begins with the name: `is damaged: …`."""


@dataclass(frozen=True)
class ImageFile:
    """A file that may be a picture."""

    name: str
    """Sanitised."""
    open: Callable[[], AbstractContextManager[Stream]]


@dataclass(frozen=True)
class ImageSet:
    """Squares to learn from, and others that are held out."""

    train: np.ndarray
    """(n, size, size, 3) uint8, sRGB."""
    held_out: np.ndarray
    """(m, size, size, 3) uint8, sRGB, of other pictures."""
    left_out: tuple[SkippedImage, ...] = ()


def load(
    sources: Sequence[ImageFile],
    size: int,
    fit: Fit = "crop",
    *,
    where: str,
    count: int | None = None,
    left_out: Sequence[SkippedImage] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImageSet:
    """Return the pictures of the sources as squares, in their order.

    About one in ten is held out. The SHA-256 of its file alone decides that, so that a picture stays held out at every
    size and whatever else is added. At least one and at most `MAX_HELD_OUT` are held out, those with the lowest
    hashes: only at these bounds other pictures matter.

    Args:
        sources: the files to read; of two equal pictures, the first is used.
        size: side of the squares, in pixels.
        fit: how a picture becomes square (`square.make_square`).
        where: what holds the files, sanitised, for errors.
        count: most pictures to learn from, chosen by their hashes; by default all.
        left_out: what was skipped before.
        progress: called with the number done and the total; an exception from it ends the loading.

    Raises:
        BadInputError: fewer than `FEWEST` can be used, or they do not fit into memory.
    """
    import numpy as np

    check_size(size, len(sources), where)
    rows = np.empty((len(sources), size, size, 3), np.uint8)

    def read_one(at: int) -> bytes | SkippedImage:
        """Put one picture into its row and return the hash of its file."""
        try:
            with sources[at].open() as stream:
                with open_image(stream, sources[at].name, "used") as image:
                    large = image.format not in ("JPEG", "MPO") and image.width * image.height >= LARGE
                    with _large_image_lock if large else nullcontext():
                        rows[at] = make_square(image, size, fit, sources[at].name)
                stream.seek(0)
                return hashlib.file_digest(stream, "sha256").digest()
        except PictureError as error:
            if isinstance(error.__cause__, MemoryError):  # not the fault of the picture
                raise error.__cause__ from None
            return SkippedImage(sources[at].name, error.fault, error.reason)

    found: list[bytes | SkippedImage] = []
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        with warnings.catch_warnings():  # here, because filters hold for all threads
            warnings.simplefilter("ignore")
            for result in pool.map(read_one, range(len(sources))):
                found.append(result)
                progress(len(found), len(sources))
    finally:
        pool.shutdown(cancel_futures=True)
    names = [source.name for source in sources]
    usable, out = _first_of_each(names, rows, found)
    everything = (*left_out, *out)
    if len(usable) < FEWEST:
        raise BadInputError(too_few(len(usable), where, everything))
    held, train = split([digest for _, digest in usable], count)
    held_out = rows[[usable[at][0] for at in held]]
    for to, at in enumerate(train):  # upwards, in place: a copy would need the memory of all of them once more
        rows[to] = rows[usable[at][0]]
    return ImageSet(rows[: len(train)], held_out, everything)


def check_size(size: int, count: int, where: str) -> None:
    """Check the size of the squares and the memory that they take.

    Raises:
        BadInputError: the size is out of range, or the squares would not fit into memory.
    """
    if not SMALLEST <= size <= LARGEST:
        raise BadInputError(f"{size} px: pictures to learn from are {SMALLEST} to {LARGEST} px wide and high")
    if (needed := count * size * size * 3) > MAX_BYTES:
        most = f"{needed / 1e9:.1f} GB of memory, more than {MAX_BYTES / 1e9:.0f}"
        raise BadInputError(f"{where}: {count:,} pictures at {size} px take {most}: take fewer, or a smaller size")


def split(digests: Sequence[bytes], count: int | None = None) -> tuple[list[int], list[int]]:
    """Return the indices of the held-out pictures and of those to learn from, by the hashes of their files."""
    order = sorted(range(len(digests)), key=lambda at: digests[at])
    low = sum(int.from_bytes(digest[:8]) < _HELD_OUT_SHARE * 2**64 for digest in digests)
    held = min(max(low, 1), MAX_HELD_OUT)
    return sorted(order[:held]), sorted(order[held:][:count])


def _first_of_each(
    names: Sequence[str], rows: np.ndarray, found: Sequence[bytes | SkippedImage]
) -> tuple[list[tuple[int, bytes]], list[SkippedImage]]:
    """Return the rows of all distinct pictures with their hashes, and what is skipped."""
    usable, out = [], []
    seen: dict[bytes, str] = {}
    for at, result in enumerate(found):
        if isinstance(result, SkippedImage):
            out.append(result)
            continue
        pixels = hashlib.sha256(rows[at]).digest()  # two files may differ in a date alone
        if first := seen.get(result) or seen.get(pixels):
            out.append(SkippedImage(names[at], "duplicate", f"is the same picture as {first}"))
        else:
            usable.append((at, result))
        seen.setdefault(result, names[at])
        seen.setdefault(pixels, names[at])
    return usable, out


def too_few(usable: int, where: str, left_out: Sequence[SkippedImage]) -> str:
    """Return the sentence that refuses a folder with so few usable pictures."""
    have = f"{where} has {usable or 'no'} usable picture{'s' * (usable != 1)}, but at least {FEWEST} are needed"
    if not left_out:
        return have
    whys = ", ".join(count_text(why, number) for why, number in Counter(out.why for out in left_out).most_common())
    return f"{have}; left out: {whys} ({left_out[0].name} {left_out[0].reason})"
