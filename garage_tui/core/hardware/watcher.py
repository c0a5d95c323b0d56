"""The watcher of the hardware: reads the sensors in a thread, more often while a run works or somebody watches."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.hardware.history import KEPT_SECONDS, ReadingHistory
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.settings.settings import Workspace

if TYPE_CHECKING:
    from garage_tui.core.hardware.hardware_snapshot import HardwareMeter, HardwareSnapshot

BUSY, IDLE, SLEEPY = 1.0, 5.0, 60.0
"""Seconds between two readings: while a run works or the GPU screen is in front, else, or if a GPU may sleep."""
_MAX_RUNS = 50
_CAPS_EVERY = 30.0


class HardwareWatcher:
    """Reads the hardware and keeps a history. `run` is the body of a thread; any thread may call the other methods."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._meter: HardwareMeter | None = None
        self._wake = threading.Event()
        self._closed = False
        self._caps_checked = 0.0
        self.history = ReadingHistory()
        self.watched = False
        """True while the GPU screen is in front."""
        self.running = False
        """True while a run works."""

    def run(self, publish: Callable[[HardwareSnapshot], bool]) -> None:
        """Read again and again, until `publish` returns False. This is the body of a thread; it raises nothing."""
        recalled = False
        while not self._closed and publish(self._read_safely()):
            if not recalled:
                recalled = True
                with contextlib.suppress(OSError, ValueError):  # the app works without a history
                    self.recall()
            self._wake.wait(self.pause)
            self._wake.clear()
        if self._meter is not None:
            self._meter.close()

    def _read_safely(self) -> HardwareSnapshot:
        try:
            return self.read()
        except Exception as error:  # whatever a sensor does, the app goes on and shows the error
            from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot
            from garage_tui.core.hardware.host import Host

            trouble = f"the sensors cannot be read: {one_line(repr(error))}"
            return HardwareSnapshot(time.time(), Host(os.cpu_count() or 1), (), trouble)

    def read(self) -> HardwareSnapshot:
        """Read all sensors now, and add the readings to the history."""
        from garage_tui.core.hardware import power_cap
        from garage_tui.core.hardware.hardware_snapshot import HardwareMeter

        if self._meter is None:
            self._meter = HardwareMeter(self._workspace.root)
        snapshot = self._meter.read()
        self.history.add(snapshot)
        if time.monotonic() - self._caps_checked > _CAPS_EVERY:
            self._caps_checked = time.monotonic()
            power_cap.put_back()  # caps of a run whose processes were all killed
        return snapshot

    def recall(self) -> None:
        """Add what the runs of the last day have recorded."""
        since = time.time() - KEPT_SECONDS
        recent = [run for run in list_runs(self._workspace) if run.state and run.state.updated >= since]
        self.history.recall([run.path for run in recent[:_MAX_RUNS]][::-1], since)

    def set_attention(self, *, watched: bool | None = None, running: bool | None = None) -> None:
        """Set how often the sensors are read from now on; None leaves a condition as it is."""
        before = self.pause
        self.watched = self.watched if watched is None else watched
        self.running = self.running if running is None else running
        if self.pause < before:
            self._wake.set()

    @property
    def pause(self) -> float:
        """Seconds until the next reading."""
        if self.running or (self.watched and not self._may_sleep):
            return BUSY
        return SLEEPY if self._may_sleep else IDLE

    @property
    def _may_sleep(self) -> bool:
        return self._meter is not None and self._meter.may_sleep

    def close(self) -> None:
        """Stop reading."""
        self._closed = True
        self._wake.set()
