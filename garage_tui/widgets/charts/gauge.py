"""The gauge: a share as a bar in one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from textual.content import Content

_FULL, _HALF, _TRACK = "━", "╸", "─"
"""Lines, not blocks: bars in neighbouring lines would fuse into one."""
_MARK, _REACHED = "│", "┃"
"""The sign of a mark, and its sign once the value has reached it; they differ without colours too."""


def gauge(
    value: float | None,
    top: float | None,
    width: int,
    marks: Sequence[tuple[float, str]] = (),
    colour: str = "primary",
) -> Content:
    """Return the share that `value` is of `top` as a bar of exactly `width` cells.

    `marks` are limits, each with the colour of the bar from there on; colours are variables of the theme.
    An unknown value or top is "–" before an empty track.
    """
    if width <= 0:
        return Content("")
    if value is None or top is None or math.isnan(value) or not (0 < top < math.inf):
        return Content.styled("– ".ljust(width, _TRACK)[:width], "$muted")
    halves = round(_share(value, top) * width * 2)
    if value > 0:
        halves = max(1, halves)  # a small value must not look like zero
    if value < top:
        halves = min(2 * width - 1, halves)  # nor a large one like all
    cells = [_FULL if 2 * at + 1 < halves else _HALF if 2 * at < halves else " " for at in range(width)]
    colours = [colour if cell != " " else "line" for cell in cells]
    cells = [cell if cell != " " else _TRACK for cell in cells]
    for mark, name in sorted((one for one in marks if 0 <= one[0] <= top), key=lambda one: one[0]):
        at = min(width - 1, int(_share(mark, top) * width + 1e-9))
        colours[at:] = [name if old != "line" else old for old in colours[at:]]
        if value >= mark or cells[at] != _REACHED:
            cells[at], colours[at] = _REACHED if value >= mark else _MARK, name
    runs = groupby(zip(colours, cells, strict=True), key=lambda pair: pair[0])
    return Content.assemble(*(("".join(cell for _, cell in run), f"${name}") for name, run in runs))


def _share(value: float, top: float) -> float:
    return max(0.0, min(1.0, value / top))
