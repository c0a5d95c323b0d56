"""Whether a run may work now, as far as the clock and the sun are concerned."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from garage_tui.core import hours
from garage_tui.core.care import Care, Hold
from garage_tui.core.errors import GarageError
from garage_tui.core.settings import SunSettings, Workspace, load_settings
from garage_tui.core.sun import Sun


class Conditions:
    """The clock and the sun of one run.

    Args:
        command: what tells the watts to spare.
        every: seconds between two questions to it.
        started: True for a run that works: it does not stop for one cloud.
        now: the clock.
    """

    def __init__(
        self,
        care: Care,
        command: tuple[str, ...] = (),
        every: float = 60.0,
        started: bool = False,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._care, self._now, self._started = care, now, started
        self._sun = Sun(command, every) if care.sunny and command else None
        self._dark_since: float | None = None

    @classmethod
    def of_run(cls, folder: Path, care: Care, started: bool = False) -> Conditions:
        """Return the conditions of a run folder.

        The command comes from the owner's settings as they are now, never from the folder: it may be somebody else's.
        """
        try:
            sun = load_settings(Workspace(folder.parents[1])).sun
        except GarageError:
            sun = SunSettings()
        return cls(care, sun.command, sun.every_seconds, started)

    def hold(self) -> Hold | None:
        """Return what a run has to wait for; None where it may work. Never blocks."""
        now = self._now()
        if (self._care.only or self._care.quiet) and not hours.allowed(self._care.only, self._care.quiet, now):
            opens = hours.opens(self._care.only, self._care.quiet, now)
            return Hold("hours", f"waiting for {hours.in_words(opens, now)}")
        return self._dark() if self._care.sunny else None

    def close(self) -> None:
        """Ask no more."""
        if self._sun is not None:
            self._sun.close()

    def _dark(self) -> Hold | None:
        if self._sun is None:
            return Hold("sun", "waiting for the sun, but [sun] of your garage.toml names no command any more")
        watts = self._sun.look()
        needs = self._care.stop_w if self._started else self._care.start_w
        if watts is not None and watts >= needs:
            self._dark_since = None
            return None
        if self._started:
            now = time.monotonic()
            self._dark_since = self._dark_since or now
            if now - self._dark_since < self._care.patience_seconds:
                return None
        if watts is None:
            why = f"({self._sun.trouble})" if self._sun.trouble else "(asking)"
            return Hold("sun", f"waiting for the sun {why}")
        return Hold("sun", f"waiting for the sun: {watts:.0f} W to spare, it takes {self._care.start_w:.0f}")
