"""One image out of the pictures of a sheet, or out of two images, for the room that there is on a screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from garage_tui.core.images.contact_sheet import GAP, ContactSheet
from garage_tui.core.images.safe_image import RGB

if TYPE_CHECKING:
    from PIL.Image import Image

_GAP_SHARE = 24
"""A picture is so many times as wide as the gap beside it, where it is enlarged."""
_FULL_ROWS = 0.8
"""Of the largest pictures' width, what is enough for those in full rows."""


@dataclass(frozen=True)
class Canvas:
    """Where an image goes.

    Args:
        width, height: in pixels.
        dot: width and height of the smallest thing that is seen there, in pixels: half a cell, or a pixel.
        enlarge: False where the terminal enlarges: an image then has no more pixels than it was made of.
    """

    width: int
    height: int
    dot: tuple[int, int] = (1, 1)
    enlarge: bool = True

    @property
    def half(self) -> Canvas:
        """The left or the right half of it, whole dots, with some room between them."""
        width = (self.width // 2 - self.dot[0]) // self.dot[0] * self.dot[0]
        return Canvas(max(self.dot[0], width), self.height, self.dot, self.enlarge)


def halves(sheet: ContactSheet) -> bool:
    """Return whether a sheet has two halves: left what is being drawn, right what the model thinks it becomes."""
    return sheet.kind == "steps" and sheet.columns % 2 == 0


def units(sheet: ContactSheet) -> list[tuple[int, ...]]:
    """Return what belongs together on a sheet, as places: a sample with the picture below it, or each by itself."""
    if sheet.kind == "nearest" and sheet.rows == 2 and sheet.count == 2 * sheet.columns:
        return [(at, at + sheet.columns) for at in range(sheet.columns)]
    if halves(sheet):
        half = sheet.columns // 2
        places = [at for at in range(sheet.count) if at % sheet.columns < half and at + half < sheet.count]
        return [(at, at + half) for at in places]
    return [(at,) for at in range(sheet.count)]


def levels(count: int) -> list[int]:
    """Return of how many things a part of a sheet may be, all of them first: 16, 8, 4, 2, 1."""
    found = [count]
    while found[-1] > 1:
        found.append(2 ** math.ceil(math.log2(found[-1]) - 1))
    return found


def side(sheet: ContactSheet, count: int, room: Canvas) -> float:
    """Return how many dots wide a picture becomes where so many units of a sheet are shown."""
    high = 2 if sheet.kind == "nearest" else 1
    where = room.half if halves(sheet) else room
    return _best(count, high, where)[1] / where.dot[0]


def sheet_image(
    image: Image, sheet: ContactSheet, chosen: Sequence[tuple[int, ...]], room: Canvas, ground: RGB
) -> Image:
    """Return some units of a sheet as an image that fills the room.

    Args:
        image: all of the sheet.
        chosen: some of `units(sheet)`, at least one.
        ground: the colour between the pictures.
    """
    cells = [[cut(image, sheet, at) for at in unit] for unit in chosen]
    if halves(sheet):
        parts = [_grid([[unit[half]] for unit in cells], sheet.size, room.half, ground) for half in (0, 1)]
        return side_by_side(parts[0], parts[1], room, ground)
    return _grid(cells, sheet.size, room, ground)


def cut(image: Image, sheet: ContactSheet, at: int) -> Image:
    """Return one picture of a sheet in its own pixels."""
    from PIL.Image import Resampling

    row, column = divmod(at, sheet.columns)
    left, top = ((GAP + place * (sheet.size + GAP)) * sheet.scale for place in (column, row))
    box = (left, top, left + sheet.size * sheet.scale, top + sheet.size * sheet.scale)
    return image.crop(box).resize((sheet.size, sheet.size), Resampling.NEAREST)


def side_by_side(left: Image, right: Image, room: Canvas, ground: RGB) -> Image:
    """Return two images beside each other, each in the middle of its half."""
    from PIL import Image
    from PIL.Image import Resampling

    half = room.half
    parts = [left, right]
    if room.enlarge:
        width, height = room.width, room.height
    else:  # of two sizes the smaller one is enlarged to the other
        height = max(part.height for part in parts)
        parts = [part.resize((round(part.width * height / part.height), height), Resampling.LANCZOS) for part in parts]
        width = sum(part.width for part in parts) + height // _GAP_SHARE
        half = Canvas(max(part.width for part in parts), height)
    whole = Image.new("RGB", (width, height), ground)
    for part, start in zip(parts, (0, width - half.width), strict=True):
        if part.width > half.width or part.height > half.height or room.enlarge:
            share = min(half.width / part.width, half.height / part.height)
            size = max(1, round(part.width * share)), max(1, round(part.height * share))
            part = part if size == part.size else part.resize(size, Resampling.LANCZOS)
        at = start + (half.width - part.width) // 2, (half.height - part.height) // 2
        whole.paste(part, (_whole(at[0], room.dot[0]), _whole(at[1], room.dot[1])))
    return whole


def _best(count: int, high: int, room: Canvas) -> tuple[int, float]:
    """Return in how many columns so many units, each `high` pictures high, are largest, and how wide a picture is.

    Where a last row would not be full, somewhat smaller pictures in full rows are better.
    """
    ways = []
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        ways.append((min(room.width / columns, room.height / (rows * high)), count % columns == 0, -columns))
    largest = max(ways)[0]
    pitch, _, columns = max(ways, key=lambda way: (way[1] and way[0] >= _FULL_ROWS * largest, *way))
    return -columns, pitch


def _grid(cells: Sequence[Sequence[Image]], size: int, room: Canvas, ground: RGB) -> Image:
    """Return units in rows and columns, each a stack of pictures."""
    from PIL import Image
    from PIL.Image import Resampling

    high = len(cells[0])
    columns, pitch = _best(len(cells), high, room)
    rows = math.ceil(len(cells) / columns)
    if not room.enlarge and pitch > size + GAP:
        wide = tall = size + GAP
        room = Canvas(columns * wide - GAP, rows * high * tall - GAP)
        width = height = size
    else:  # whole dots, so that the edge of a picture is one of a dot
        wide, tall = (max(dot, int(pitch) // dot * dot) for dot in room.dot)
        gaps = [max(dot, _whole(int(pitch) // _GAP_SHARE, dot)) if pitch > 3 * dot else 0 for dot in room.dot]
        width, height = max(1, wide - gaps[0]), max(1, tall - gaps[1])
    whole = Image.new("RGB", (room.width, room.height), ground)
    left, top = (room.width - columns * wide) // 2, (room.height - rows * high * tall) // 2
    for number, stack in enumerate(cells):
        row, column = divmod(number, columns)
        for floor, picture in enumerate(stack):
            x = max(0, _whole(left, room.dot[0])) + column * wide
            y = max(0, _whole(top, room.dot[1])) + (row * high + floor) * tall
            small = picture if picture.size == (width, height) else picture.resize((width, height), Resampling.LANCZOS)
            whole.paste(small, (x, y))
    return whole


def _whole(pixels: int, dot: int) -> int:
    return pixels // dot * dot
