"""The eyes on heat, power and memory: looks in a thread of its own, as often as it is worth it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import Workspace
from garage_tui.core.hardware.history import KEPT_SECONDS, ReadingHistory
from garage_tui.core.runs.catalog import list_runs

if TYPE_CHECKING:
    from garage_tui.core.hardware.snapshot import HardwareMeter, HardwareSnapshot

BUSY, IDLE, SLEEPY = 1.0, 5.0, 60.0
"""Seconds between two looks: while a run works or the screen is in view, else, and where a GPU could go to sleep."""
_MOST_RUNS = 50
_CAPS_EVERY = 30.0


class HardwareWatcher:
    """Looks at the box and remembers. `run` is the body of a thread; the other methods may be called from any."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._meter: HardwareMeter | None = None
        self._wake = threading.Event()
        self._over = False
        self._caps_looked = 0.0
        self.history = ReadingHistory()
        self.watched = False
        """True while the screen is in view."""
        self.running = False
        """True while a run works."""

    def run(self, tell: Callable[[HardwareSnapshot], bool]) -> None:
        """Look again and again, until `tell` returns False. It is the body of a thread, and raises nothing."""
        recalled = False
        while not self._over and tell(self._safe_look()):
            if not recalled:
                recalled = True
                with contextlib.suppress(OSError, ValueError):  # a history is not worth an app
                    self.recall()
            self._wake.wait(self.pause)
            self._wake.clear()
        if self._meter is not None:
            self._meter.close()

    def _safe_look(self) -> HardwareSnapshot:
        try:
            return self.look()
        except Exception as error:  # whatever a sensor does, the app goes on and says so
            from garage_tui.core.hardware.host import Host
            from garage_tui.core.hardware.snapshot import HardwareSnapshot

            return HardwareSnapshot(
                time.time(), Host(os.cpu_count() or 1), (), f"the gauges fail: {one_line(repr(error))}"
            )

    def look(self) -> HardwareSnapshot:
        """Look now."""
        from garage_tui.core.hardware import power_cap
        from garage_tui.core.hardware.snapshot import HardwareMeter

        if self._meter is None:
            self._meter = HardwareMeter(self._workspace.root)
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

    def close(self) -> None:
        """Look no more."""
        self._over = True
        self._wake.set()
