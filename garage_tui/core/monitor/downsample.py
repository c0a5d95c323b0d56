"""Downsampling of curves by the means of equal spans."""

from __future__ import annotations

from collections.abc import Sequence

Points = Sequence[tuple[float, float]]


def downsample(points: Points, most: int) -> list[tuple[float, float]]:
    """Return at most `most` points: the means of equal spans, and the last point unchanged."""
    if len(points) <= most:
        return list(points)
    size = (len(points) - 1) / (most - 1)
    means = []
    for index in range(most - 1):
        part = points[round(index * size) : max(round(index * size) + 1, round((index + 1) * size))]
        means.append((sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)))
    return [*means, points[-1]]
