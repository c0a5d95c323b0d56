"""Whether a run may work now, as far as the clock and the sun are concerned."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from garage_tui.core.base.settings import SunSettings, Workspace, load_settings
from garage_tui.core.limits import time_windows as hours
from garage_tui.core.limits.run_limits import Hold, RunLimits
from garage_tui.core.limits.solar import SolarSurplus


class StartConditions:
    """The clock and the sun of one run.

    Args:
        sun: the settings of the command that tells the watts to spare, as they are now.
        started: True for a run that works: it does not stop for one cloud, nor before the sun was first asked.
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

        The command comes from the owner's settings as they are now, never from the folder: it may be somebody else's.
        """
        return cls(limits, lambda: load_settings(Workspace(folder.parents[1])).sun, started)

    def hold(self) -> Hold | None:
        """Return what a run has to wait for; None where it may work. Never blocks."""
        return self._closed() or (self._dark(self._sun) if self._sun else None)

    def close(self) -> None:
        """Ask no more."""
        if self._sun is not None:
            self._sun.close()

    def _closed(self) -> Hold | None:
        limits, now = self._limits, self._now()
        minute = now.replace(second=0, microsecond=0)
        if self._minute is None or self._minute[0] != minute:  # looking ahead a week takes 40 ms
            hold = None
            if not hours.allowed(limits.only, limits.quiet, now):
                opens = hours.opens(limits.only, limits.quiet, now)
                hold = Hold("hours", f"waiting for {hours.in_words(opens, now)}")
            self._minute = minute, hold
        return self._minute[1]

    def _dark(self, sun: SolarSurplus) -> Hold | None:
        watts = sun.look()
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
            return Hold("sun", f"waiting for the sun ({sun.trouble or 'asking'})")
        return Hold("sun", f"waiting for the sun: {watts:.0f} W to spare, it takes {self._limits.start_w:.0f}")
