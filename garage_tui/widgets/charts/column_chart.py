"""A picture of one quantity over time: a column of blocks for each stretch of it, thresholds as dashed rows."""

from __future__ import annotations

import math
import textwrap
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len

Points = Sequence[tuple[float, float]]
"""Unix time in seconds and a value; sorted by time."""
Picture = tuple[tuple[tuple[str, str], ...], ...]
"""Lines of runs: some text, and its style in words, with variables of the theme."""

_BLOCKS = " ▁▂▃▄▅▆▇"
_DASH = "┄"
_OVER, _OVER_LOWER = "▲", "╍"
"""Stand in a column where it crosses the highest threshold, or another one: told apart without colours too."""
_TINY = (16, 3)
"""A picture that is narrower or lower (cells) is columns alone, without axes and labels."""
_SHORT_GAP = 30.0
"""Seconds without a sample that are no gap: the last value is taken to hold."""
_MOST = 1e30
"""A value beyond this is no value; an end of an axis is drawn as this, so that it cannot overflow."""


@dataclass(frozen=True)
class Threshold:
    """A value that matters. Columns that reach it are painted in `colour`, a variable of the theme."""

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

    Columns begin at multiples of their own length, so that all but the newest one stay as they are until a new one
    begins. `top` None is the next round number. `form` words a value for the axis.
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
    """Return times and values of the last `span` seconds before `now`, and of a little more: it may still hold."""
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
    """Return the value of each column; None where nothing is known."""
    step = span / count
    first = math.floor(now / step) - count + 1
    edges = [(first + at) * step for at in range(count)]
    places = [*(bisect_left(times, edge) for edge in edges), len(times)]
    columns: list[float | None] = []
    for edge, (start, end) in zip(edges, pairwise(places), strict=True):
        if start < end:
            columns.append(_value(values[start:end], thresholds))
            continue
        after = times[start] if start < len(times) else max(now, edge)
        short = start and after - times[start - 1] <= max(2 * step, _SHORT_GAP)
        columns.append(values[start - 1] if short else None)
    return columns


def _value(values: Sequence[float], thresholds: Sequence[Threshold]) -> float:
    """Return the mean of a column, or its peak where only that reaches a threshold: a short peak must not vanish."""
    mean, peak = sum(values) / len(values), max(values)
    return peak if any(mean < one.value <= peak for one in thresholds) else mean


def _round_top(values: Sequence[float], thresholds: Sequence[Threshold], bottom: float) -> float:
    """Return 1, 2, 2.5 or 5 times a power of ten: the next that is no less than any value and threshold."""
    largest = min(_MOST, max([*values, *(one.value for one in thresholds), -_MOST]))
    if largest <= bottom:
        return bottom + 1
    if largest <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next((part * power for part in (1, 2, 2.5, 5) if part * power >= largest * (1 - 1e-9)), 10 * power)


def _share(value: float, bottom: float, top: float) -> float:
    return max(0.0, min(1.0, (value - bottom) / (top - bottom))) if top > bottom else 0.0


def _labels(bottom: float, top: float, rows: int, form: Callable[[float], str]) -> dict[int, str]:
    """Return what stands left of which line (from the top, 0)."""
    labels = {0: _narrow(form(top)), rows - 1: _narrow(form(bottom))}
    middle = _narrow(form((bottom + top) / 2))
    if rows >= 4 and middle not in labels.values():
        labels[rows - 1 - rows // 2] = middle
    return labels


def _narrow(text: str) -> str:
    """Return the text with one cell for each letter: in a picture all is counted in cells."""
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
    # Even at the bottom there is something to see: nothing at all is what a gap looks like.
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
                # Of thresholds in one row only the highest is marked: who reaches the other has not crossed this line.
                if value is not None and value >= here[-1].value:
                    cells[at] = _OVER if here[-1] is thresholds[-1] else _OVER_LOWER
                    styles[at] += " reverse"  # a hole would cut the column in two
                elif cells[at] == " " and not bare:
                    cells[at], styles[at] = _DASH, f"${here[-1].colour}"
            if not bare:
                _put_label(cells, styles, here)
        yield _runs("".join(cells), styles)


def _runs(line: str, styles: Sequence[str]) -> tuple[tuple[str, str], ...]:
    cuts = [0, *(at for at, (one, other) in enumerate(pairwise(styles), 1) if one != other), len(line)]
    return tuple((line[start:end], styles[start]) for start, end in pairwise(cuts))


def _put_label(cells: list[str], styles: list[str], here: Sequence[Threshold]) -> None:
    """Write what a row's thresholds are at its right end, or, where columns stand there, as far right as is free."""
    line, highest = "".join(cells), _narrow(here[-1].label)
    for text in (" · ".join(_narrow(one.label) for one in reversed(here)), highest):
        if line.endswith(_DASH * (len(text) + 1)):
            at, text = len(line) - len(text) - 1, f" {text}"
        elif (at := line.rfind(_DASH * (len(text) + 2))) >= 0:
            text = f" {text} "
        else:
            continue
        break
    else:  # columns all along: the oldest of them give way
        at, text = 0, f"{highest} "[: len(line)]
    cells[at : at + len(text)] = text
    styles[at : at + len(text)] = [f"${here[-1].colour}"] * len(text)


def _time_axis(width: int, span: float) -> str:
    """Return the words below the columns: how long ago the first is, perhaps the middle one, and now."""
    seconds, unit = (3600, "h") if span >= 7200 else (60, "min") if span >= 120 else (1, "s")
    ago, half = (f"−{round(span * part / seconds, 2):g} {unit}" for part in (1, 0.5))
    middle = width // 2 - len(half) // 2 - len(ago)
    if width >= 30 and middle > 1:
        ago += " " * middle + half
    return (ago + "now".rjust(width - len(ago))) if len(ago) + 4 <= width else "now".rjust(width)


def _say(sentence: str, width: int, height: int) -> Picture:
    """Return a sentence in the middle of nothing."""
    wrapped = textwrap.wrap(_narrow(sentence), width)[:height]
    lines = [""] * ((height - len(wrapped)) // 2) + wrapped
    lines += [""] * (height - len(lines))
    return tuple(((line.center(width), "$muted"),) for line in lines)
