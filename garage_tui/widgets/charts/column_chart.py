"""The column chart of one quantity over time, as lines of text: columns of blocks, thresholds as dashed rows."""

from __future__ import annotations

import math
import textwrap
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len

from garage_tui.widgets.charts.styled_lines import Picture, join_pieces
from garage_tui.widgets.charts.ticks import is_round

Points = Sequence[tuple[float, float]]
"""Unix time in seconds and a value; sorted by time."""

_BLOCKS = " ▁▂▃▄▅▆▇"
_DASH = "┄"
_OVER, _OVER_LOWER = "▲", "╍"
"""The signs in a column that crosses the highest threshold, or a lower one; they differ without colours too."""
_TINY = (16, 3)
"""Columns and rows below which a chart has no axes and no labels."""
_SHORT_GAP = 30.0
"""Longest time between two samples, in seconds, over which the last value is drawn on; a longer one is a gap."""
_MOST = 1e30
"""Values beyond this are left out, and ends of axes are cut to it, so that the arithmetic cannot overflow."""


@dataclass(frozen=True)
class Threshold:
    """A limit in a chart. Columns that reach it are painted in `colour`, a variable of the theme."""

    value: float
    label: str
    colour: str = "warning"


def draw(
    points: Points,
    width: int,
    height: int,
    *,
    now: float,
    span: float = 1800.0,
    top: float | None = None,
    bottom: float = 0.0,
    thresholds: Sequence[Threshold] = (),
    form: Callable[[float], str] = "{:g}".format,
    colour: str = "primary",
    empty: str = "",
) -> Picture:
    """Return the last `span` seconds before `now` as `height` lines of exactly `width` cells.

    Columns begin at multiples of their own length, so that only the newest column changes until the next one begins.

    Args:
        now: Unix time at the right end, in seconds.
        span: seconds from the left end to the right end.
        top: value at the upper end; None: the next round number above all values and thresholds.
        bottom: value at the lower end.
        form: returns the label of a value on the axis.
        colour: variable of the theme for columns below the thresholds.
        empty: the text that is shown if there is no value.
    """
    if width <= 0 or height <= 0:
        return ()
    now, span, bottom = _tame(now), max(1.0, _tame(span)), _tame(bottom)
    thresholds = sorted((one for one in thresholds if math.isfinite(one.value)), key=lambda one: one.value)
    times, values = _known(points, now, span)
    above = _tame(top) if top is not None else _round_top(values, thresholds, bottom)
    bare = width < _TINY[0] or height < _TINY[1]
    labels = {} if bare else _labels(bottom, above, height - 1, form)
    gutter = max((len(label) + 1 for label in labels.values()), default=0)
    if width - gutter < _TINY[0] // 2:
        bare, labels, gutter = True, {}, 0
    columns = _columns(times, values, width - gutter, now, span, thresholds)
    if all(value is None for value in columns):
        return _say(empty, width, height)
    lines = [
        ((labels.get(row, "").rjust(gutter - 1) + " ", "$muted"), *runs) if gutter else runs
        for row, runs in enumerate(
            _plot(columns, height if bare else height - 1, bottom, above, thresholds, colour, bare)
        )
    ]
    if not bare:
        lines.append(((" " * gutter + _time_axis(width - gutter, span), "$muted"),))
    return tuple(lines)


def _tame(value: float) -> float:
    return max(-_MOST, min(_MOST, value)) if not math.isnan(value) else 0.0


def _known(points: Points, now: float, span: float) -> tuple[list[float], list[float]]:
    """Return times and values of the last `span` seconds before `now`, and of `_SHORT_GAP` more."""
    low, high = bisect_left(points, (now - span - _SHORT_GAP,)), bisect_left(points, (now, math.inf))
    known = [point for point in points[low:high] if -_MOST < point[1] < _MOST]
    return [t for t, _ in known], [value for _, value in known]


def _columns(
    times: Sequence[float],
    values: Sequence[float],
    count: int,
    now: float,
    span: float,
    thresholds: Sequence[Threshold],
) -> list[float | None]:
    """Return the value of each column; None for a gap."""
    step = span / count
    first = math.floor(now / step) - count + 1
    edges = [(first + at) * step for at in range(count)]
    starts = [*(bisect_left(times, edge) for edge in edges), len(times)]
    columns: list[float | None] = []
    for edge, (start, end) in zip(edges, pairwise(starts), strict=True):
        if start < end:
            columns.append(_value(values[start:end], thresholds))
            continue
        after = times[start] if start < len(times) else max(now, edge)
        short = start and after - times[start - 1] <= max(2 * step, _SHORT_GAP)
        columns.append(values[start - 1] if short else None)
    return columns


def _value(values: Sequence[float], thresholds: Sequence[Threshold]) -> float:
    """Return the mean of a column, or its peak if only the peak reaches a threshold: a short peak must not vanish."""
    mean, peak = sum(values) / len(values), max(values)
    return peak if any(mean < one.value <= peak for one in thresholds) else mean


def _round_top(values: Sequence[float], thresholds: Sequence[Threshold], bottom: float) -> float:
    """Return 1, 2 or 5 times a power of ten: the next that is no less than any value and threshold."""
    largest = min(_MOST, max([*values, *(one.value for one in thresholds), -_MOST]))
    if largest <= bottom:
        return bottom + 1
    if largest <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next((part * power for part in (1, 2, 5) if part * power >= largest * (1 - 1e-9)), 10 * power)


def _share(value: float, bottom: float, top: float) -> float:
    return max(0.0, min(1.0, (value - bottom) / (top - bottom))) if top > bottom else 0.0


def _labels(bottom: float, top: float, rows: int, form: Callable[[float], str]) -> dict[int, str]:
    """Return the labels of the value axis by line, counted from 0 at the top."""
    labels = {0: _narrow(form(top)), rows - 1: _narrow(form(bottom))}
    middle = _narrow(form((bottom + top) / 2))
    is_even = is_round((top - bottom) / 2) or len(middle) <= max(map(len, labels.values()))
    if rows >= 4 and is_even and middle not in labels.values():
        labels[rows - 1 - rows // 2] = middle
    return labels


def _narrow(text: str) -> str:
    """Return the text with one cell for each character, because the chart counts characters as cells."""
    return text if text.isascii() and text.isprintable() else "".join(c if cell_len(c) == 1 else "?" for c in text)


def _plot(
    columns: Sequence[float | None],
    rows: int,
    bottom: float,
    top: float,
    thresholds: Sequence[Threshold],
    colour: str,
    bare: bool,
) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield the lines of columns and thresholds, from the top."""
    # A column has at least one eighth of a cell: an empty one would look like a gap.
    levels = [0 if value is None else max(1, round(_share(value, bottom, top) * rows * 8)) for value in columns]
    paint = [f"${colour}"] * len(columns)
    crossed: dict[int, list[Threshold]] = {}
    for one in thresholds:
        if bottom <= one.value <= top:
            crossed.setdefault(min(rows - 1, int(_share(one.value, bottom, top) * rows + 1e-9)), []).append(one)
        paint = [
            f"${one.colour}" if value is not None and value >= one.value else old
            for value, old in zip(columns, paint, strict=True)
        ]
    for row in reversed(range(rows)):
        low, high = 8 * row, 8 * row + 8
        cells = [" " if level <= low else "█" if level >= high else _BLOCKS[level - low] for level in levels]
        styles = paint
        if here := crossed.get(row):
            styles = list(paint)
            for at, value in enumerate(columns):
                # If one row has several thresholds, only columns that reach the highest are marked.
                if value is not None and value >= here[-1].value:
                    cells[at] = _OVER if here[-1] is thresholds[-1] else _OVER_LOWER
                    styles[at] += " reverse"  # an unreversed sign would cut the column in two
                elif cells[at] == " " and not bare:
                    cells[at], styles[at] = _DASH, f"${here[-1].colour}"
            if not bare:
                _put_label(cells, styles, here)
        yield join_pieces("".join(cells), styles)


def _put_label(cells: list[str], styles: list[str], here: Sequence[Threshold]) -> None:
    """Write the labels of a row's thresholds at its right end, or as far right as no column is in the way."""
    line, highest = "".join(cells), _narrow(here[-1].label)
    for text in (" · ".join(_narrow(one.label) for one in reversed(here)), highest):
        if line.endswith(_DASH * (len(text) + 1)):
            at, text = len(line) - len(text) - 1, f" {text}"
        elif (at := line.rfind(_DASH * (len(text) + 2))) >= 0:
            text = f" {text} "
        else:
            continue
        break
    else:  # columns everywhere: the label covers the oldest ones
        at, text = 0, f"{highest} "[: len(line)]
    cells[at : at + len(text)] = text
    styles[at : at + len(text)] = [f"${here[-1].colour}"] * len(text)


def _time_axis(width: int, span: float) -> str:
    """Return the time axis: how long ago the left end is, the middle too if there is space, and "now"."""
    seconds, unit = (3600, "h") if span >= 7200 else (60, "min") if span >= 120 else (1, "s")
    ago, half = (f"−{round(span * part / seconds, 2):g} {unit}" for part in (1, 0.5))
    middle = width // 2 - len(half) // 2 - len(ago)
    if width >= 30 and middle > 1:
        ago += " " * middle + half
    return (ago + "now".rjust(width - len(ago))) if len(ago) + 4 <= width else "now".rjust(width)


def _say(sentence: str, width: int, height: int) -> Picture:
    """Return a picture with a sentence in its middle, and nothing else."""
    wrapped = textwrap.wrap(_narrow(sentence), width)[:height]
    lines = [""] * ((height - len(wrapped)) // 2) + wrapped
    lines += [""] * (height - len(lines))
    return tuple(((line.center(width), "$muted"),) for line in lines)
