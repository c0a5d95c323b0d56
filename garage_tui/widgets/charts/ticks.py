"""Round ticks of an axis: multiples of 1, 2 or 5 times a power of ten."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

_LARGE, _SMALL = 1e5, 1e-3
"""From this value on, and for steps below that one, labels have an exponent."""


def round_ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Return at least two round values between two ends, if there are so many.

    Args:
        most: ticks; one or two more where fewer would leave a single one.
        whole: only whole numbers, such as steps.
    """
    if not high > low:
        return [low]
    ticks: list[float] = []
    for step in _steps((high - low) / 1000, whole):
        finer, ticks = ticks, _multiples(step, low, high)
        if len(ticks) <= most:
            return ticks if len(ticks) > 1 or len(finer) < 2 else finer
    return ticks


def is_round(step: float) -> bool:
    """Return whether a distance between ticks is 1, 2 or 5 times a power of ten."""
    if step <= 0:
        return False
    digit = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    return any(abs(digit - one) < 1e-6 for one in (1, 2, 5))


def tick_labels(ticks: list[float]) -> list[str]:
    """Return ticks as text, all with as many decimals as their distance has."""
    step = min((b - a for a, b in pairwise(ticks)), default=1.0)
    if step < _SMALL or max(map(abs, ticks), default=0.0) >= _LARGE:
        digits = 0 if all(_is_short(tick) for tick in ticks) else 1
        return [f"{tick:.{digits}e}" if tick else "0" for tick in ticks]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{tick:.{decimals}f}" for tick in ticks]


def _steps(least: float, whole: bool) -> Iterator[float]:
    """Yield 1, 2 and 5 times each power of ten, from below `least` on."""
    power = max(math.floor(math.log10(least)), 0 if whole else -308)
    for exponent in range(power, 309):
        for digit in (1, 2, 5):
            yield digit * 10.0**exponent


def _multiples(step: float, low: float, high: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _is_short(tick: float) -> bool:
    return math.isclose(float(f"{tick:.0e}"), tick, rel_tol=1e-6)
