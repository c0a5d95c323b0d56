"""DEC's sixel: a picture as printable letters, six rows of pixels in each.

Source: VT330/VT340 Programmer Reference Manual, volume 2, chapter 14 (https://vt100.net/docs/vt3xx-gp/chapter14.html).
"""

from __future__ import annotations

import math
import re
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_COLOURS = (256, 64, 16)
_FEWEST_COLUMNS = 8
_SAMPLE = 192
"""Pixels from left to right, and from above to below, that the colours are chosen from."""


def encode(image: Image) -> str:
    """Return a picture of at most 256 colours (mode P) as one sixel sequence."""
    # The module is private because the package's public ones ask the terminal when they are imported.
    from textual_image._sixel import image_to_sixels

    # DEC leaves open whether giving a register its colour also chooses it; in xterm it does not.
    return re.sub(r"#(\d+);2;\d+;\d+;\d+", r"\g<0>#\1", image_to_sixels(image))


class SixelRows:
    """A picture as one sixel for each row of cells, so that every row can be painted by itself, or a part of it.

    Args:
        image: mode P, as wide and high in pixels as its cells.
        cell: a cell's width and height in pixels.
    """

    def __init__(self, image: Image, cell: tuple[int, int]) -> None:
        self._image, self._cell = image, cell
        self.columns, self._count = image.width // cell[0], image.height // cell[1]

    @cached_property
    def rows(self) -> list[str]:
        """The sixel of each row."""
        return [self._encode(row, 0, self.columns) for row in range(self._count)]

    def guess_bytes(self) -> float:
        """Return about how many bytes all rows take, from every eighth."""
        some = range(self._count // 2 % 8, self._count, 8)
        return self._count * sum(len(self._encode(row, 0, self.columns)) for row in some) / len(some)

    def _encode(self, row: int, start: int, end: int) -> str:
        wide, high = self._cell
        return encode(self._image.crop((start * wide, row * high, end * wide, (row + 1) * high)))

    def piece(self, row: int, start: int, end: int) -> str:
        """Return a row's sixel from column `start` to before column `end`."""
        return self.rows[row] if (start, end) == (0, self.columns) else self._encode(row, start, end)


def draw(image: Image, columns: int, rows: int, cell: tuple[int, int], *, registers: int, most_bytes: int) -> SixelRows:
    """Return a picture in so many cells, or, where that took more than `most_bytes`, in fewer colours, then cells."""
    from PIL.Image import Dither, Quantize, Resampling

    colours = [number for number in _COLOURS if number <= registers] or [registers]
    while True:
        size = (columns * cell[0], rows * cell[1])
        dots = image.resize(size, Resampling.LANCZOS, reducing_gap=3.0)
        # Colours chosen from every few pixels are as good to the eye as from all, at a twentieth of the time.
        few = dots.resize((min(size[0], _SAMPLE), min(size[1], _SAMPLE)), Resampling.NEAREST)
        palette = few.quantize(colours[0], Quantize.MEDIANCUT)
        drawn = SixelRows(dots.quantize(palette=palette, dither=Dither.NONE), cell)
        guess = drawn.guess_bytes()
        if guess <= most_bytes or columns <= _FEWEST_COLUMNS:
            return drawn
        if len(colours) > 1:
            colours.pop(0)
        else:
            share = min(0.9, math.sqrt(most_bytes / guess))
            columns, rows = max(1, int(columns * share)), max(1, int(rows * share))
