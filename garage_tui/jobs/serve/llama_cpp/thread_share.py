"""How many threads a worker process of llama.cpp has: the models that answer at the same time share the cores."""

from __future__ import annotations

import time
from collections.abc import Callable

_CALM_SECONDS = 60.0
"""So long after models answered at the same time the cores stay shared, so that nobody waits for a change each turn."""


class ThreadShare:
    """The threads of each worker. Two workers with all cores each are half as fast together as two with half of them.

    Args:
        limit: returns how many threads all workers may have together now.
        now: returns monotonic seconds.
    """

    def __init__(self, limit: Callable[[], int], now: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._now = limit, now
        self._at_once, self._until = 1, 0.0

    def note(self, busy: int) -> None:
        """Note how many models answer at this moment."""
        if busy > 1 and (busy >= self._at_once or self._now() >= self._until):
            self._at_once, self._until = busy, self._now() + _CALM_SECONDS

    @property
    def threads(self) -> int:
        """Threads that each worker should have now; at least one."""
        return max(1, self._limit() // (self._at_once if self._now() < self._until else 1))
