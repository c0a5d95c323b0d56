"""The sparkline: a curve in one line of text."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇"
"""Without the full block: it would touch the bars of the line above."""


def spark(values: Sequence[float], width: int) -> str:
    """Return `values` as at most `width` bars from 0 to the largest value; of more values, a bar is a mean."""
    if width <= 0:
        return ""
    if len(values) > width:
        edges = [round(index * len(values) / width) for index in range(width + 1)]
        values = [sum(values[low:high]) / (high - low) for low, high in itertools.pairwise(edges)]
    top = max(values, default=0.0)
    if top <= 0:
        return ""
    return "".join(_BARS[min(6, max(0, int(value / top * 7)))] for value in values)
