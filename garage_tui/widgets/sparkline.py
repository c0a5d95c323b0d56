"""A curve in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int) -> str:
    """Return `values` as at most `width` bars between 0 and the largest of them; the newest values are kept."""
    values = values[-width:] if width > 0 else ()
    top = max(values, default=0.0)
    if top <= 0:
        return ""
    return "".join(_BARS[min(7, max(0, int(value / top * 8)))] for value in values)
