"""Conditions under which a run may work: its time windows and the solar surplus."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from garage_tui.core.limits import time_windows
from garage_tui.core.limits.run_limits import Hold, RunLimits
from garage_tui.core.limits.solar import SolarSurplus
from garage_tui.core.settings.settings import SunSettings, Workspace, load_settings


class StartConditions:
    """The conditions of one run.

    Args:
        sun: returns the current settings of the surplus command.
        started: True for a running run, which does not stop for one cloud, nor before the first answer of the command.
        now: the clock.
    """

    def __init__(
        self,
        limits: RunLimits,
        sun: Callable[[], SunSettings] = SunSettings,
        started: bool = False,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._limits, self._now, self._started = limits, now, started
        self._sun = SolarSurplus(sun) if limits.sunny else None
        self._dark_since: float | None = None
        self._minute: tuple[datetime, Hold | None] | None = None

    @classmethod
    def of_run(cls, folder: Path, limits: RunLimits, started: bool = False) -> StartConditions:
        """Return the conditions of a run folder.

        The surplus command comes from the user's current settings, never from the folder, which may be somebody else's.
        """
        return cls(limits, lambda: load_settings(Workspace(folder.parents[1])).sun, started)

    def hold(self) -> Hold | None:
        """Return why the run has to wait; None if it may work. Never blocks."""
        return self._closed() or (self._dark(self._sun) if self._sun else None)

    def close(self) -> None:
        """Stop polling the surplus command."""
        if self._sun is not None:
            self._sun.close()

    def _closed(self) -> Hold | None:
        limits, now = self._limits, self._now()
        minute = now.replace(second=0, microsecond=0)
        if self._minute is None or self._minute[0] != minute:  # looking ahead a week takes 40 ms
            hold = None
            if not time_windows.allowed(limits.only, limits.quiet, now):
                opens = time_windows.opens(limits.only, limits.quiet, now)
                hold = Hold("hours", f"waiting for {time_windows.describe_opening(opens, now)}")
            self._minute = minute, hold
        return self._minute[1]

    def _dark(self, sun: SolarSurplus) -> Hold | None:
        watts = sun.poll()
        if watts is not None and watts >= (self._limits.stop_w if self._started else self._limits.start_w):
            self._dark_since = None
            return None
        if self._started:
            if watts is None and not sun.trouble:
                return None  # it has not answered yet
            now = time.monotonic()
            self._dark_since = self._dark_since or now
            if now - self._dark_since < self._limits.patience_seconds:
                return None
        if watts is None:
            return Hold("sun", f"waiting for solar surplus ({sun.trouble or 'asking'})")
        return Hold("sun", f"waiting for solar surplus: {watts:.0f} W now, starts at {self._limits.start_w:.0f} W")
