"""How often an engine has ended by itself: when it is started again, and when that is given up."""

from __future__ import annotations

import time
from collections.abc import Callable

from garage_tui.core.base.errors import GarageError

MAX_IN_A_ROW = 5
"""An engine that has ended so often in a row is not started again."""
MAX_PAUSE = 30.0
_CALM_SECONDS = 600.0
"""An engine that has run so long counts as healthy again, also where nobody asked it anything."""


class EngineEndedError(GarageError):
    """An engine that has ended by itself; the text says why."""


class EngineFailures:
    """The failures of one engine.

    Args:
        now: returns monotonic seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last, self._reason = 0.0, ""
        self.in_a_row = 0
        self.note = ""
        """What was said of the last failure, with the time of day; empty if there was none."""

    @property
    def too_many(self) -> bool:
        return self.in_a_row >= MAX_IN_A_ROW

    @property
    def pause(self) -> float:
        """Seconds until it may be started again: none after the first failure, then 1, 2, 4 … up to 30."""
        if self.in_a_row < 2:
            return 0.0
        pause = min(MAX_PAUSE, 2.0 ** (self.in_a_row - 2))
        return max(0.0, self._last + pause - self._now())

    @property
    def why_given_up(self) -> str:
        return f"{self._reason}, {self.in_a_row} times in a row"

    def add(self, reason: str) -> None:
        """Count a failure.

        Args:
            reason: a sentence that names the engine.
        """
        if self.in_a_row and self._now() - self._last > _CALM_SECONDS:
            self.in_a_row = 0
        self.in_a_row += 1
        self._last, self._reason = self._now(), reason
        self.note = f"at {time.strftime('%H:%M')} {reason}; it is started again"

    def answered(self) -> None:
        """Begin to count anew: the engine has given an answer."""
        self.in_a_row = 0
