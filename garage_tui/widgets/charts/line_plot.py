"""Curves in a frame, as lines of text: one of braille dots that are joined, others of single signs.

A braille cell has eight dots, two wide and four high; the code of its character is U+2800 plus the bits of the dots
that are set (The Unicode Standard, section 21.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from garage_tui.widgets.charts.styled_lines import Picture, join_pieces

_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""The bits of a cell's dots: its left column, then its right one, each from the bottom."""
_FRAME = "$muted"
_FEWEST_COLUMNS = 4
"""If labels would leave fewer columns for the curves, the values have none."""


@dataclass(frozen=True)
class Axis:
    """The values from one end of the frame to the other, and labels for some of them."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    """Values with their labels."""

    def place(self, value: float, count: int) -> int:
        """Return which of `count` places along the axis a value has, from 0; a value beyond an end is at that end."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return round(max(0.0, min(1.0, share)) * (count - 1))


@dataclass(frozen=True)
class Curve:
    """Points, sorted by x, and how they are drawn."""

    points: Sequence[tuple[float, float]]
    colour: str
    """A variable of the theme."""
    sign: str = ""
    """The sign of each point; empty: a line of braille dots through all points."""
    right: bool = False
    """True takes the axis on the right."""


def plot(
    curves: Sequence[Curve], x: Axis, left: Axis | None, right: Axis | None, *, width: int, height: int
) -> Picture:
    """Return `height` lines of exactly `width` cells; later curves cover earlier ones.

    Args:
        left, right: the axes of the values. Without the left one, its side of the frame has no labels; without the
            right one, the frame is open there.
    """
    before, after = _labels(left), _labels(right)
    frame = 2 if right else 1
    if width - before - after - frame < _FEWEST_COLUMNS:
        before = after = 0
    columns, rows = width - before - after - frame, height - 2
    if columns < 1 or rows < 1:
        return tuple(((" " * width, _FRAME),) for _ in range(height))
    cells = _Cells(columns, rows)
    for curve in curves:
        if axis := right if curve.right else left:
            cells.draw(curve, x, axis)
    on_left, on_right = _ticks(left, rows, before), _ticks(right, rows, after)
    lines = []
    for row in reversed(range(rows)):
        label, other = on_left.get(row), on_right.get(row)
        pieces = [((label or "").rjust(before) + ("┤" if label else "│"), _FRAME), *cells.pieces(row)]
        if right:
            pieces.append((("├" if other else "│") + (other or "").ljust(after), _FRAME))
        lines.append(tuple(pieces))
    edge, labels = _lower_edge(x, columns, before + 1, width)
    corner = "┘" if right else ""
    lines.append(((" " * before + "└" + edge + corner + " " * after, _FRAME),))
    lines.append(((labels, _FRAME),))
    return tuple(lines)


class _Cells:
    """The cells inside the frame; rows count from the bottom."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._texts = [[" "] * columns for _ in range(rows)]
        self._styles = [[""] * columns for _ in range(rows)]

    def pieces(self, row: int) -> tuple[tuple[str, str], ...]:
        """Return a row as pieces of one style each."""
        return join_pieces("".join(self._texts[row]), self._styles[row])

    def draw(self, curve: Curve, x: Axis, y: Axis) -> None:
        """Draw a curve over what is there."""
        fine = 1 if curve.sign else 2
        wide, high = self._columns * fine, self._rows * fine**2
        places = [(x.place(a, wide), y.place(b, high)) for a, b in curve.points]
        if curve.sign:
            for column, row in places:
                self._put(column, row, curve.sign, curve.colour)
            return
        cells: dict[tuple[int, int], int] = {}
        for across, up in _joined(places):
            cell = (across // 2, up // 4)
            cells[cell] = cells.get(cell, 0) | _DOTS[across % 2][up % 4]
        for (column, row), dots in cells.items():
            self._put(column, row, chr(0x2800 + dots), curve.colour)

    def _put(self, column: int, row: int, text: str, colour: str) -> None:
        self._texts[row][column], self._styles[row][column] = text, f"${colour}"


def _joined(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the places, and those on the straight lines between neighbours."""
    yield from places[:1]
    for (x, y), (to_x, to_y) in pairwise(places):
        count = max(abs(to_x - x), abs(to_y - y))
        for step in range(1, count + 1):
            yield x + round((to_x - x) * step / count), y + round((to_y - y) * step / count)


def _labels(axis: Axis | None) -> int:
    """Return how many cells the labels of an axis at the side take."""
    return max((len(text) for _, text in axis.ticks), default=0) if axis else 0


def _ticks(axis: Axis | None, rows: int, room: int) -> dict[int, str]:
    """Return the labels of an axis at the side, by row."""
    return {axis.place(value, rows): text for value, text in axis.ticks} if axis and room else {}


def _lower_edge(x: Axis, columns: int, indent: int, width: int) -> tuple[str, str]:
    """Return the lower side of the frame, with its ticks, and the line of labels below it.

    A label is centred below its tick. One that would touch the label before it is left out, with its tick.
    """
    edge, labels = ["─"] * columns, ""
    for value, text in x.ticks:
        column = x.place(value, columns)
        start = max(0, min(width - len(text), indent + column - len(text) // 2))
        if start > len(labels) or not labels:
            labels = labels.ljust(start) + text
            edge[column] = "┬"
    return "".join(edge), labels[:width].ljust(width)
