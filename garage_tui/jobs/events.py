"""How a job writes its progress: `events.jsonl`, `state.json`, and one line a step in its log."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.runs import EVENTS, LOCK, REQUEST, State, Status, read_state, write_state

_STATE_EVERY = 0.2  # seconds between two states on disk, so that a fast job does not fsync all day


class StopRequestedError(Exception):
    """The owner asked the run to stop before there was anything to save."""


class Progress:
    """The pen of one job. Nobody else writes the state while the job lives.

    Args:
        folder: the run folder.
        lock: file descriptor of the run's lock, inherited from the supervisor; None where a job is run by hand.
    """

    def __init__(self, folder: Path, lock: int | None = None) -> None:
        self.folder = folder
        self.stopping = False
        self.interruptible = True
        """True while a stop request ends the job at once, because there is nothing to save."""
        self._state = read_state(folder)
        self._written = 0.0
        # O_APPEND and one write a line: lines of two writers cannot mix.
        self._events = os.open(folder / EVENTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._lock = os.open(folder / LOCK, os.O_RDONLY) if lock is None else lock
        os.set_inheritable(self._lock, False)  # a helper process of the job must not keep a dead run alive
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _on_stop(self, *_: object) -> None:
        self.stopping = True
        if self.interruptible:
            raise StopRequestedError

    def stop_wanted(self) -> bool:
        """Return whether the owner wants the run to save and stop; looked at between two steps."""
        if not self.stopping and (self.folder / REQUEST).exists():
            self.stopping = True
        return self.stopping

    def event(self, event: str, **fields: Any) -> None:
        """Append one event."""
        line = json.dumps({"t": round(time.time(), 3), "event": event, **fields}, ensure_ascii=False)
        os.write(self._events, line.encode() + b"\n")

    def phase(self, text: str) -> None:
        """Say what the job does now, in words: to the events, the state and the log."""
        print(text, flush=True)
        self.event("phase", phase=text)
        self.state("running", phase=text)

    def say(self, text: str) -> None:
        """Refresh the phase in the state alone, for progress that changes many times (a download)."""
        self.state("running", throttle=True, phase=text)

    def step(self, **fields: Any) -> None:
        """Note one optimiser step; `fields` are the event's, and those that `State` knows go there too."""
        self.event("step", **fields)
        known = {key: value for key, value in fields.items() if key in State.__struct_fields__}
        self.state("stopping" if self.stopping else "running", throttle=True, **known)

    def state(self, state: Status, *, throttle: bool = False, **changes: Any) -> None:
        """Change the state; with `throttle`, put it on disk only if the last one is old enough."""
        self._state = msgspec.structs.replace(self._state, state=state, **changes)
        now = time.monotonic()
        if not throttle or now - self._written > _STATE_EVERY:
            write_state(self.folder, self._state)
            self._written = now

    def end(self, state: Status, reason: str = "") -> None:
        """Write the last state, then the last event; on a full disk the state counts."""
        self.state(state, reason=reason, phase="", seconds_left=None, ended=time.time())
        with contextlib.suppress(OSError):
            self.event("ended", state=state, reason=reason)
            print(f"{state}{': ' if reason else ''}{reason}", flush=True)
