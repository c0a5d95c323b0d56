"""The eyes on heat, power and memory: looks in a thread of its own, as often as it is worth it."""

from __future__ import annotations

import threading
import time

from garage_tui.core import power_cap
from garage_tui.core.history import KEPT_SECONDS, History
from garage_tui.core.meter import Look, Meter
from garage_tui.core.runs import list_runs
from garage_tui.core.settings import Workspace

BUSY, IDLE, SLEEPY = 1.0, 5.0, 60.0
"""Seconds between two looks: while a run works or the screen is in view, else, and where a GPU could go to sleep."""
_MOST_RUNS = 50
_CAPS_EVERY = 30.0


class Gauges:
    """Looks at the box and remembers. `look` belongs to one thread; the other methods may be called from any."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._meter: Meter | None = None
        self._wake = threading.Event()
        self._caps_looked = 0.0
        self.history = History()
        self.watched = False
        """True while the screen is in view."""
        self.running = False
        """True while a run works."""

    def look(self) -> Look:
        """Look now; the first time, read too what runs have told before."""
        if self._meter is None:
            self._meter = Meter(self._workspace.root)
        look = self._meter.look()
        self.history.add(look)
        if time.monotonic() - self._caps_looked > _CAPS_EVERY:
            self._caps_looked = time.monotonic()
            power_cap.put_back()  # of a run whose processes were all killed
        return look

    def recall(self) -> None:
        """Read what the runs of the last day have told."""
        since = time.time() - KEPT_SECONDS
        recent = [run for run in list_runs(self._workspace) if run.state and run.state.updated >= since]
        self.history.recall([run.path for run in recent[:_MOST_RUNS]][::-1], since)

    def attend(self, *, watched: bool | None = None, running: bool | None = None) -> None:
        """Look more or less often from now on."""
        before = self.pause
        self.watched = self.watched if watched is None else watched
        self.running = self.running if running is None else running
        if self.pause < before:
            self._wake.set()

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        if self.running or (self.watched and not self._sleepy):
            return BUSY
        return SLEEPY if self._sleepy else IDLE

    @property
    def _sleepy(self) -> bool:
        return self._meter is not None and self._meter.may_sleep

    def wait(self) -> None:
        """Sleep until the next look is due."""
        self._wake.wait(self.pause)
        self._wake.clear()

    def wake(self) -> None:
        """Look again at once."""
        self._wake.set()

    def close(self) -> None:
        """Let go of the driver."""
        if self._meter is not None:
            self._meter.close()
