"""What the gallery shows, as one image for the room that there is, and in words; made in a thread."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.images import animation as films
from garage_tui.core.images import contact_sheet as sheets
from garage_tui.core.images import montage
from garage_tui.core.images import safe_image as picture_files
from garage_tui.core.images.albums import AlbumPage
from garage_tui.core.images.contact_sheet import ContactSheet
from garage_tui.core.images.montage import Canvas
from garage_tui.core.images.safe_image import RGB
from garage_tui.core.terminal.capabilities import Way

if TYPE_CHECKING:
    from PIL.Image import Image

    from garage_tui.core.images.animation import Animation

_KEPT_PIXELS = 24_000_000
"""Of the files that are kept in memory: one goes back and forth between a few of them."""
_MOST_PIXELS = (2048, 2048)
"""No screen shows more of a photograph."""
_LEAST_DOTS = {"half": 16, "ascii": 20}
"""How many dots wide a picture of a sheet has to be to be made out, where dots are large."""


@dataclass(frozen=True)
class Place:
    """A page, and the name of its album."""

    page: AlbumPage
    album: str


@dataclass(frozen=True)
class View:
    """What is to be shown. Two are equal if the second would change nothing."""

    place: Place
    room: Canvas
    way: Way
    ground: RGB
    left: Place | None = None
    """What stands to the left of it."""
    level: int | None = None
    """How much of a sheet: 0 is all of it, 1 half …; None leaves it to the room."""
    first: int = 0
    """Which part of it."""
    frame: int | None = None
    """The frame of a film."""
    version: int = 0
    """Files may have changed under the same names."""


@dataclass(frozen=True)
class Made:
    """A view that is ready."""

    image: Image
    words: str = ""
    """What it shows."""
    level: int = 0
    levels: int = 1
    parts: int = 1


class Maker:
    """Makes views; to be used by one thread at a time."""

    def __init__(self) -> None:
        self._read: OrderedDict[tuple[Path, int], tuple[Image, ContactSheet | None]] = OrderedDict()
        self._film: tuple[tuple[Path, int], Animation] | None = None
        self._last: tuple[object, Made] | None = None

    def make(self, view: View) -> Made:
        """Return what shows a view; the same as before where nothing has changed, its files included.

        Raises:
            GarageError: a file of it cannot be shown.
        """
        places = (view.place, view.left) if view.left else (view.place,)
        key = replace(view, version=0), tuple(_stamp(place.page.path) for place in places)
        if self._last is None or self._last[0] != key:
            self._last = key, self._make(view)
        return self._last[1]

    def _make(self, view: View) -> Made:
        if view.frame is not None:
            return self._make_frame(view, self.film(view.place.page.path))
        image, sheet = self._open(view.place.page.path)
        if view.left is None:
            if sheet is None:
                return Made(image)
            return self._make_sheet(image, sheet, view)
        left, left_sheet = self._open(view.left.page.path)
        half = replace(view, room=view.room.half)
        if sheet is None or left_sheet is None:
            both = montage.side_by_side(left, image, view.room, view.ground)
            return Made(both, _both(view, ""))
        made = [self._make_sheet(one, its, half) for one, its in ((left, left_sheet), (image, sheet))]
        whole = montage.side_by_side(made[0].image, made[1].image, view.room, view.ground)
        same = ", same seeds" if sheet.seed is not None and sheet.seed == left_sheet.seed else ""
        return replace(made[1], image=whole, words=_both(view, same + _part_words(half, sheet, made[1])))

    def film(self, path: Path) -> Animation:
        """Return a film of steps; the newest is kept."""
        key = path, _stamp(path)
        if self._film is None or self._film[0] != key:
            self._film = key, films.read(path)
        return self._film[1]

    def _open(self, path: Path) -> tuple[Image, ContactSheet | None]:
        key = path, _stamp(path)
        if key not in self._read:
            image, sheet = picture_files.read(path), sheets.about(path)
            if sheet is None:
                image.thumbnail(_MOST_PIXELS)
            self._read[key] = image, sheet
            while len(self._read) > 1 and sum(one.width * one.height for one, _ in self._read.values()) > _KEPT_PIXELS:
                self._read.popitem(last=False)
        self._read.move_to_end(key)
        return self._read[key]

    def _make_sheet(self, image: Image, sheet: ContactSheet, view: View) -> Made:
        units = montage.units(sheet)
        levels = montage.levels(len(units))
        level = min(view.level if view.level is not None else _level(sheet, levels, view), len(levels) - 1)
        count = levels[level]
        parts = -(-len(units) // count)
        start = view.first % parts * count
        made = montage.sheet_image(image, sheet, units[start : start + count], view.room, view.ground)
        ready = Made(made, "", level, len(levels), parts)
        about = _about(sheet)
        return replace(ready, words=about + _part_words(view, sheet, ready))

    def _make_frame(self, view: View, film: Animation) -> Made:
        number = max(0, min(view.frame or 0, len(film.frames) - 1))
        made = self._make_sheet(film.frames[number], film.sheet, view)
        step = "the noise" if number == 0 else f"step {number} of {len(film.frames) - 1}"
        words = f"{step} · x_t │ guess of the end{_part_words(view, film.sheet, made)}"
        return replace(made, words=words)


def _about(sheet: ContactSheet) -> str:
    """Return what a sheet shows, without the run, whose name stands above it; the words of a file are cleaned."""
    parts = (
        "" if sheet.epoch is None else f"epoch {sheet.epoch}",
        "" if sheet.seed is None else f"seed {sheet.seed}",
        sheet.sampler,
        sheet.source,
    )
    return one_line(" · ".join(filter(None, parts)), 400)


def _level(sheet: ContactSheet, levels: list[int], view: View) -> int:
    """Return how much of a sheet can be made out in the room; of dots that are pixels, all of it."""
    least = _LEAST_DOTS.get(view.way, 0)
    found = (at for at, count in enumerate(levels) if montage.side(sheet, count, view.room) >= least)
    return next(found, len(levels) - 1)


def _part_words(view: View, sheet: ContactSheet, made: Made) -> str:
    if made.parts == 1:
        return ""
    total = len(montage.units(sheet))
    count = montage.levels(total)[made.level]
    start = view.first % made.parts * count
    end = min(total, start + count)
    which = f"{start + 1}" if end == start + 1 else f"{start + 1}–{end}"
    return f" · {which} of {total}"


def _both(view: View, more: str) -> str:
    assert view.left is not None
    names = [view.left.page.name, view.place.page.name]
    if view.left.album != view.place.album:
        names = [f"{place.album}: {place.page.name}" for place in (view.left, view.place)]
    return f"{names[0]} │ {names[1]}{more}"


def _stamp(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116
    except OSError as error:
        raise GarageError(f"{one_line(str(path))} cannot be read: {error.strerror}") from error
