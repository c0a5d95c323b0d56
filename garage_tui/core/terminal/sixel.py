"""DEC's sixel: a picture as printable characters, each of six pixels one above the other.

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
"""Side of the reduced picture that the colours are chosen from, in pixels."""


def encode(image: Image) -> str:
    """Return a picture of at most 256 colours (mode P) as one sixel sequence."""
    # The module is private because the package's public ones ask the terminal when they are imported.
    from textual_image._sixel import image_to_sixels

    # DEC leaves open whether giving a register its colour also chooses it; in xterm it does not.
    return re.sub(r"#(\d+);2;\d+;\d+;\d+", r"\g<0>#\1", image_to_sixels(image))


class SixelImage:
    """A picture as one sixel sequence, or in pieces where something lies over it.

    One sequence is better: xterm keeps the newest 16, and redraws those alone when its window is uncovered.

    Args:
        image: mode P, as wide and high in pixels as its cells.
        cell: a cell's width and height in pixels.
    """

    def __init__(self, image: Image, cell: tuple[int, int]) -> None:
        self._image, self._cell = image, cell
        self.columns, self.rows = image.width // cell[0], image.height // cell[1]
        self._row_codes: dict[int, str] = {}

    @cached_property
    def whole(self) -> str:
        """The picture as one sequence; takes 50 to 300 ms."""
        return encode(self._image)

    def estimate_bytes(self) -> float:
        """Return about how many bytes the picture takes, from every eighth row of cells."""
        sampled = range(self.rows // 2 % 8, self.rows, 8)
        return self.rows * sum(len(self._encode(row, 0, self.columns)) for row in sampled) / len(sampled)

    def _encode(self, row: int, start: int, end: int) -> str:
        wide, high = self._cell
        return encode(self._image.crop((start * wide, row * high, end * wide, (row + 1) * high)))

    def piece(self, row: int, start: int, end: int) -> str:
        """Return the sequence of one row of cells, from column `start` to before column `end`."""
        if (start, end) != (0, self.columns):
            return self._encode(row, start, end)
        if row not in self._row_codes:
            self._row_codes[row] = self._encode(row, start, end)
        return self._row_codes[row]


def encode_within(
    image: Image,
    columns: int,
    rows: int,
    cell: tuple[int, int],
    *,
    registers: int,
    most_bytes: int,
    most_pixels: tuple[int, int] | None = None,
) -> SixelImage:
    """Return a picture in so many cells; if it would take more than `most_bytes`, in fewer colours, then fewer cells.

    Args:
        registers: how many colours the terminal has for a sixel picture.
        most_pixels: width and height of the largest picture that the terminal shows.
    """
    from PIL.Image import Dither, Quantize, Resampling

    if most_pixels:
        share = min(1.0, most_pixels[0] / (columns * cell[0]), most_pixels[1] / (rows * cell[1]))
        columns, rows = max(1, int(columns * share)), max(1, int(rows * share))
    colours = [number for number in _COLOURS if number <= registers] or [registers]
    while True:
        size = (columns * cell[0], rows * cell[1])
        scaled = image.resize(size, Resampling.LANCZOS, reducing_gap=3.0)
        # Colours chosen from every few pixels are as good to the eye as from all, at a twentieth of the time.
        sample = scaled.resize((min(size[0], _SAMPLE), min(size[1], _SAMPLE)), Resampling.NEAREST)
        palette = sample.quantize(colours[0], Quantize.MEDIANCUT)
        encoded = SixelImage(scaled.quantize(palette=palette, dither=Dither.NONE), cell)
        estimate = encoded.estimate_bytes()
        if estimate <= most_bytes or columns <= _FEWEST_COLUMNS:
            return encoded
        if len(colours) > 1:
            colours.pop(0)
        else:
            share = min(0.9, math.sqrt(most_bytes / estimate))
            columns, rows = max(1, int(columns * share)), max(1, int(rows * share))
