"""The loss of a run so far as a few means, for a sparkline."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

_POINTS = 24
_GROWTH = 1.01
"""The means are worked out anew once there are a hundredth more losses: a run of a million steps pays nothing."""


class LossCurve:
    """Takes the loss of each step, and gives the means of at most 24 equal stretches."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._means: tuple[float, ...] = ()
        self._counted = 0

    def add(self, loss: float) -> None:
        self._losses.append(loss)

    def means(self, *, exact: bool) -> tuple[float, ...]:
        """Return the means.

        Args:
            exact: with the very last losses; otherwise up to a hundredth of them may be left out.
        """
        count = len(self._losses)
        if count > self._counted and (exact or count >= self._counted * _GROWTH):
            self._means, self._counted = means(self._losses, _POINTS), count
        return self._means


def means(values: Sequence[float], most: int) -> tuple[float, ...]:
    """Return the means of at most `most` equal stretches of `values`."""
    count = min(most, len(values))
    edges = [round(index * len(values) / count) for index in range(count + 1)] if count else []
    return tuple(round(sum(values[low:high]) / (high - low), 4) for low, high in itertools.pairwise(edges))
