"""Renders a view of the Gallery as one image with a caption; made to be called in a thread."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.images import animation, contact_sheet, montage, safe_image
from garage_tui.core.images.contact_sheet import ContactSheet
from garage_tui.screens.gallery.view import View

if TYPE_CHECKING:
    from PIL.Image import Image

    from garage_tui.core.images.animation import Animation

_CACHED_PIXELS = 24_000_000
"""Pixels of the files that are kept in memory, because one goes back and forth between a few of them."""
_PHOTO_SIZE = (2048, 2048)
"""Pixels that are kept of a photograph: no screen shows more of it."""
_MIN_DOTS = {"half": 16, "ascii": 20}
"""Least width of a recognisable picture in dots, in the image modes with large dots."""


@dataclass(frozen=True)
class RenderedView:
    """The image and the caption of a view, and into how many parts its sheet is divided."""

    image: Image
    caption: str = ""
    zoom: int = 0
    """The zoom level that was rendered, from 0."""
    zooms: int = 1
    """Number of zoom levels."""
    parts: int = 1
    """Number of parts of the sheet at this zoom level."""


class ViewRenderer:
    """Renders views; keeps the newest files, the newest animation and the newest result."""

    def __init__(self) -> None:
        self._images: OrderedDict[tuple[Path, int], tuple[Image, ContactSheet | None]] = OrderedDict()
        self._animation: tuple[tuple[Path, int], Animation] | None = None
        self._last: tuple[object, RenderedView] | None = None

    def render(self, view: View) -> RenderedView:
        """Return a view as an image; the same object as before where neither the view nor its files changed.

        Raises:
            GarageError: a file of the view cannot be shown.
        """
        pages = (view.page, view.left) if view.left else (view.page,)
        key = replace(view, version=0), tuple(_modified(one.page.path) for one in pages)
        if self._last is None or self._last[0] != key:
            self._last = key, self._render(view)
        return self._last[1]

    def _render(self, view: View) -> RenderedView:
        if view.frame is not None:
            return self._render_frame(view, self.animation(view.page.page.path))
        image, sheet = self._open(view.page.page.path)
        if view.left is None:
            return RenderedView(image) if sheet is None else self._render_sheet(image, sheet, view)
        left, left_sheet = self._open(view.left.page.path)
        canvas, background = view.surface.canvas, view.surface.background
        if sheet is None or left_sheet is None:
            both = montage.side_by_side(left, image, canvas, background)
            return RenderedView(both, _pair_caption(view, ""))
        half = replace(view, surface=replace(view.surface, canvas=canvas.half))
        halves = [self._render_sheet(one, its, half) for one, its in ((left, left_sheet), (image, sheet))]
        both = montage.side_by_side(halves[0].image, halves[1].image, canvas, background)
        same = ", same seeds" if sheet.seed is not None and sheet.seed == left_sheet.seed else ""
        return replace(halves[1], image=both, caption=_pair_caption(view, same + _part_range(half, sheet, halves[1])))

    def animation(self, path: Path) -> Animation:
        """Return an animation of sampling steps; the newest is kept.

        Raises:
            GarageError: the file cannot be read, or is no such animation.
        """
        key = path, _modified(path)
        if self._animation is None or self._animation[0] != key:
            self._animation = key, animation.read(path)
        return self._animation[1]

    def _open(self, path: Path) -> tuple[Image, ContactSheet | None]:
        key = path, _modified(path)
        if key not in self._images:
            image, sheet = safe_image.read(path), contact_sheet.read_metadata(path)
            if sheet is None:
                image.thumbnail(_PHOTO_SIZE)
            self._images[key] = image, sheet
            while len(self._images) > 1 and self._cached_pixels() > _CACHED_PIXELS:
                self._images.popitem(last=False)
        self._images.move_to_end(key)
        return self._images[key]

    def _cached_pixels(self) -> int:
        return sum(image.width * image.height for image, _ in self._images.values())

    def _render_sheet(self, image: Image, sheet: ContactSheet, view: View) -> RenderedView:
        units = montage.units(sheet)
        counts = montage.zoom_counts(len(units))
        zoom = min(view.zoom if view.zoom is not None else _legible_zoom(sheet, counts, view), len(counts) - 1)
        count = counts[zoom]
        parts = -(-len(units) // count)
        start = view.part % parts * count
        canvas, background = view.surface.canvas, view.surface.background
        rendered = montage.render_units(image, sheet, units[start : start + count], canvas, background)
        result = RenderedView(rendered, "", zoom, len(counts), parts)
        return replace(result, caption=_sheet_caption(sheet) + _part_range(view, sheet, result))

    def _render_frame(self, view: View, film: Animation) -> RenderedView:
        number = max(0, min(view.frame or 0, len(film.frames) - 1))
        rendered = self._render_sheet(film.frames[number], film.sheet, view)
        step = "the noise" if number == 0 else f"step {number} of {len(film.frames) - 1}"
        return replace(rendered, caption=f"{step} · x_t │ guess of the end{_part_range(view, film.sheet, rendered)}")


def _sheet_caption(sheet: ContactSheet) -> str:
    """Return what a sheet shows, without its run, which the title names; the text of the file is sanitised."""
    parts = (
        "" if sheet.epoch is None else f"epoch {sheet.epoch}",
        "" if sheet.seed is None else f"seed {sheet.seed}",
        sheet.sampler,
        sheet.source,
    )
    return one_line(" · ".join(filter(None, parts)), 400)


def _legible_zoom(sheet: ContactSheet, counts: list[int], view: View) -> int:
    """Return the first zoom level at which the pictures of a sheet can be made out; 0 where a dot is a pixel."""
    least = _MIN_DOTS.get(view.surface.mode, 0)
    legible = (
        zoom for zoom, count in enumerate(counts) if montage.dots_wide(sheet, count, view.surface.canvas) >= least
    )
    return next(legible, len(counts) - 1)


def _part_range(view: View, sheet: ContactSheet, rendered: RenderedView) -> str:
    """Return which pictures of a sheet are shown; empty where all of them are."""
    if rendered.parts == 1:
        return ""
    total = len(montage.units(sheet))
    count = montage.zoom_counts(total)[rendered.zoom]
    start = view.part % rendered.parts * count
    end = min(total, start + count)
    numbers = f"{start + 1}" if end == start + 1 else f"{start + 1}–{end}"
    return f" · {numbers} of {total}"


def _pair_caption(view: View, more: str) -> str:
    assert view.left is not None
    names = [view.left.page.name, view.page.page.name]
    if view.left.album != view.page.album:
        names = [f"{one.album}: {one.page.name}" for one in (view.left, view.page)]
    return f"{names[0]} │ {names[1]}{more}"


def _modified(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116
    except OSError as error:
        raise GarageError(f"{one_line(str(path))} cannot be read: {error.strerror}") from error
