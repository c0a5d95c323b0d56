"""Fewer points for a curve: means of equal stretches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


Points = Sequence[tuple[float, float]]


def downsample(points: Points, most: int) -> list[tuple[float, float]]:
    """Return at most `most` points: the means of equal stretches, with the last point as it is."""
    if len(points) <= most:
        return list(points)
    size = (len(points) - 1) / (most - 1)
    means = []
    for index in range(most - 1):
        part = points[round(index * size) : max(round(index * size) + 1, round((index + 1) * size))]
        means.append((sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)))
    return [*means, points[-1]]
