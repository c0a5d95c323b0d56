"""Composes one image for a part of the screen: of some pictures of a contact sheet, or of two images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from garage_tui.core.images.contact_sheet import GAP, ContactSheet
from garage_tui.core.images.safe_image import RGB

if TYPE_CHECKING:
    from PIL.Image import Image

_PICTURE_PER_GAP = 24
"""An enlarged picture is so many times as wide as the gap beside it."""
_FULL_ROWS_SHARE = 0.8
"""Full rows are preferred where their pictures have at least this share of the largest possible width."""


@dataclass(frozen=True)
class Canvas:
    """The size of the image to compose.

    Args:
        width, height: in pixels.
        dot: width and height, in pixels, of the smallest thing that can be seen: a cell, half a cell, or a pixel.
        enlarge: False where the terminal enlarges, so that the image keeps the pixels of its pictures.
    """

    width: int
    height: int
    dot: tuple[int, int] = (1, 1)
    enlarge: bool = True

    @property
    def half(self) -> Canvas:
        """The canvas of the left or the right half, in whole dots, with a gap of at least a dot between the two."""
        width = (self.width // 2 - self.dot[0]) // self.dot[0] * self.dot[0]
        return Canvas(max(self.dot[0], width), self.height, self.dot, self.enlarge)


def has_halves(sheet: ContactSheet) -> bool:
    """Return whether a sheet has two halves: left x_t, right the model's estimate of x_0."""
    return sheet.kind == "steps" and sheet.columns % 2 == 0


def units(sheet: ContactSheet) -> list[tuple[int, ...]]:
    """Return the indices of the pictures that belong together: a sample and its counterpart, else each alone."""
    if sheet.kind == "nearest" and sheet.rows == 2 and sheet.count == 2 * sheet.columns:
        return [(at, at + sheet.columns) for at in range(sheet.columns)]
    if has_halves(sheet):
        half = sheet.columns // 2
        left = [at for at in range(sheet.count) if at % sheet.columns < half and at + half < sheet.count]
        return [(at, at + half) for at in left]
    return [(at,) for at in range(sheet.count)]


def zoom_counts(count: int) -> list[int]:
    """Return how many of `count` units are shown at each zoom level, all of them first: 16, 8, 4, 2, 1."""
    found = [count]
    while found[-1] > 1:
        found.append(2 ** math.ceil(math.log2(found[-1]) - 1))
    return found


def dots_wide(sheet: ContactSheet, count: int, canvas: Canvas) -> float:
    """Return how many dots wide a picture becomes where `count` units of a sheet are shown."""
    high = 2 if sheet.kind == "nearest" else 1
    part = canvas.half if has_halves(sheet) else canvas
    return _best_grid(count, high, part)[1] / part.dot[0]


def render_units(
    image: Image, sheet: ContactSheet, chosen: Sequence[tuple[int, ...]], canvas: Canvas, background: RGB
) -> Image:
    """Return some units of a sheet as an image of the size of the canvas.

    Args:
        image: all of the sheet.
        chosen: some of `units(sheet)`, at least one.
        background: the colour between the pictures.
    """
    cells = [[crop_picture(image, sheet, at) for at in unit] for unit in chosen]
    if has_halves(sheet):
        parts = [_render_grid([[unit[half]] for unit in cells], sheet.size, canvas.half, background) for half in (0, 1)]
        return side_by_side(parts[0], parts[1], canvas, background)
    return _render_grid(cells, sheet.size, canvas, background)


def crop_picture(image: Image, sheet: ContactSheet, at: int) -> Image:
    """Return one picture of a sheet in its own pixels."""
    from PIL.Image import Resampling

    row, column = divmod(at, sheet.columns)
    left, top = ((GAP + index * (sheet.size + GAP)) * sheet.scale for index in (column, row))
    box = (left, top, left + sheet.size * sheet.scale, top + sheet.size * sheet.scale)
    return image.crop(box).resize((sheet.size, sheet.size), Resampling.NEAREST)


def side_by_side(left: Image, right: Image, canvas: Canvas, background: RGB) -> Image:
    """Return two images beside each other, each in the middle of its half."""
    from PIL import Image
    from PIL.Image import Resampling

    half = canvas.half
    parts = [left, right]
    if canvas.enlarge:
        width, height = canvas.width, canvas.height
    else:  # of two sizes the smaller one is enlarged to the other
        height = max(part.height for part in parts)
        parts = [part.resize((round(part.width * height / part.height), height), Resampling.LANCZOS) for part in parts]
        width = sum(part.width for part in parts) + height // _PICTURE_PER_GAP
        half = Canvas(max(part.width for part in parts), height)
    whole = Image.new("RGB", (width, height), background)
    for part, start in zip(parts, (0, width - half.width), strict=True):
        if part.width > half.width or part.height > half.height or canvas.enlarge:
            share = min(half.width / part.width, half.height / part.height)
            size = max(1, round(part.width * share)), max(1, round(part.height * share))
            part = part if size == part.size else part.resize(size, Resampling.LANCZOS)
        at = start + (half.width - part.width) // 2, (half.height - part.height) // 2
        whole.paste(part, (_floor_to(at[0], canvas.dot[0]), _floor_to(at[1], canvas.dot[1])))
    return whole


def _best_grid(count: int, high: int, canvas: Canvas) -> tuple[int, float]:
    """Return the number of columns in which units, each `high` pictures high, are largest, and the width of a picture.

    Full rows are preferred where their pictures are only somewhat smaller.
    """
    layouts = []
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        layouts.append((min(canvas.width / columns, canvas.height / (rows * high)), count % columns == 0, -columns))
    largest = max(layouts)[0]
    pitch, _, columns = max(layouts, key=lambda one: (one[1] and one[0] >= _FULL_ROWS_SHARE * largest, *one))
    return -columns, pitch


def _render_grid(cells: Sequence[Sequence[Image]], size: int, canvas: Canvas, background: RGB) -> Image:
    """Return units in rows and columns, each a stack of pictures."""
    from PIL import Image
    from PIL.Image import Resampling

    high = len(cells[0])
    columns, pitch = _best_grid(len(cells), high, canvas)
    rows = math.ceil(len(cells) / columns)
    if not canvas.enlarge and pitch > size + GAP:
        wide = tall = size + GAP
        canvas = Canvas(columns * wide - GAP, rows * high * tall - GAP)
        width = height = size
    else:  # whole dots, so that the edge of a picture is one of a dot
        wide, tall = (max(dot, int(pitch) // dot * dot) for dot in canvas.dot)
        gaps = [
            max(dot, _floor_to(int(pitch) // _PICTURE_PER_GAP, dot)) if pitch > 3 * dot else 0 for dot in canvas.dot
        ]
        width, height = max(1, wide - gaps[0]), max(1, tall - gaps[1])
    whole = Image.new("RGB", (canvas.width, canvas.height), background)
    left, top = (canvas.width - columns * wide) // 2, (canvas.height - rows * high * tall) // 2
    for number, stack in enumerate(cells):
        row, column = divmod(number, columns)
        for level, picture in enumerate(stack):
            x = max(0, _floor_to(left, canvas.dot[0])) + column * wide
            y = max(0, _floor_to(top, canvas.dot[1])) + (row * high + level) * tall
            small = picture if picture.size == (width, height) else picture.resize((width, height), Resampling.LANCZOS)
            whole.paste(small, (x, y))
    return whole


def _floor_to(pixels: int, dot: int) -> int:
    """Return pixels rounded down to whole dots."""
    return pixels // dot * dot
