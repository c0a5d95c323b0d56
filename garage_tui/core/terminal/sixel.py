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


class Sixels:
    """A picture as one sixel, which is what a terminal remembers best, or in pieces, where something lies over it.

    xterm keeps the newest 16 sixels: of a picture in more pieces nothing is left when its window is laid bare again.

    Args:
        image: mode P, as wide and high in pixels as its cells.
        cell: a cell's width and height in pixels.
    """

    def __init__(self, image: Image, cell: tuple[int, int]) -> None:
        self._image, self._cell = image, cell
        self.columns, self.count = image.width // cell[0], image.height // cell[1]
        self._rows: dict[int, str] = {}

    @cached_property
    def whole(self) -> str:
        """All of it as one sixel; this takes 50 to 300 ms."""
        return encode(self._image)

    def guess_bytes(self) -> float:
        """Return about how many bytes all of it takes, from every eighth row."""
        some = range(self.count // 2 % 8, self.count, 8)
        return self.count * sum(len(self._encode(row, 0, self.columns)) for row in some) / len(some)

    def _encode(self, row: int, start: int, end: int) -> str:
        wide, high = self._cell
        return encode(self._image.crop((start * wide, row * high, end * wide, (row + 1) * high)))

    def piece(self, row: int, start: int, end: int) -> str:
        """Return the sixel of a row of cells from column `start` to before column `end`."""
        if (start, end) != (0, self.columns):
            return self._encode(row, start, end)
        if row not in self._rows:
            self._rows[row] = self._encode(row, start, end)
        return self._rows[row]


def draw(
    image: Image,
    columns: int,
    rows: int,
    cell: tuple[int, int],
    *,
    registers: int,
    most_bytes: int,
    most_pixels: tuple[int, int] | None = None,
) -> Sixels:
    """Return a picture in so many cells, or, where that took more than `most_bytes`, in fewer colours, then cells.

    Args:
        registers: colours that there can be.
        most_pixels: width and height of the largest picture that is shown at all.
    """
    from PIL.Image import Dither, Quantize, Resampling

    if most_pixels:
        share = min(1.0, most_pixels[0] / (columns * cell[0]), most_pixels[1] / (rows * cell[1]))
        columns, rows = max(1, int(columns * share)), max(1, int(rows * share))
    colours = [number for number in _COLOURS if number <= registers] or [registers]
    while True:
        size = (columns * cell[0], rows * cell[1])
        dots = image.resize(size, Resampling.LANCZOS, reducing_gap=3.0)
        # Colours chosen from every few pixels are as good to the eye as from all, at a twentieth of the time.
        few = dots.resize((min(size[0], _SAMPLE), min(size[1], _SAMPLE)), Resampling.NEAREST)
        palette = few.quantize(colours[0], Quantize.MEDIANCUT)
        drawn = Sixels(dots.quantize(palette=palette, dither=Dither.NONE), cell)
        guess = drawn.guess_bytes()
        if guess <= most_bytes or columns <= _FEWEST_COLUMNS:
            return drawn
        if len(colours) > 1:
            colours.pop(0)
        else:
            share = min(0.9, math.sqrt(most_bytes / guess))
            columns, rows = max(1, int(columns * share)), max(1, int(rows * share))
