"""How a job writes its progress: `events.jsonl`, `state.json`, and one line a step in its log."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from garage_tui.core.base.tail import FileFollower
from garage_tui.core.limits.run_limits import Hold, Waits
from garage_tui.core.runs.record import EVENTS, LOCK, RunState, Status, read_state, write_state
from garage_tui.core.runs.request import requested_action
from garage_tui.core.runs.state_writer import encode_event

Wish = Literal["", "stop", "pause", "release", "end"]

_STATE_EVERY = 0.2  # seconds between two states on disk, so that a fast job does not fsync all day
_LOOK_SECONDS = 0.2
_SPARKS = 24


def _go_on() -> None:
    """Nothing to rest for."""


class StopRequestedError(Exception):
    """The job was asked to leave before there was anything to save."""


class Progress:
    """The pen of one job. Nobody else writes the state while the job lives.

    Args:
        folder: the run folder.
        locks: file descriptors of the run's lock and of its slots', inherited from the supervisor; None where a job is
            run by hand.
    """

    def __init__(self, folder: Path, locks: Sequence[int] | None = None) -> None:
        self.folder = folder
        self.interruptible = True
        """True while a stop request ends the job at once, because there is nothing to save."""
        self.gauges: Callable[[], dict[str, Any]] = dict
        """What the GPUs say, for the events of steps and the state."""
        self.breathe: Callable[[], None] = _go_on
        """Called wherever work can rest outside of the steps: it may take its time."""
        self.told_step = 0
        """The last step that is in the events, from an earlier life of this run; it is not told twice."""
        self._told_to_leave = False
        self._losses: list[float] = []
        self._read_story()
        self._state = read_state(folder)
        self._written = 0.0
        self._active_before = self._state.active_seconds
        self._active_since: float | None = time.monotonic()
        self._locks = locks or [os.open(folder / LOCK, os.O_RDONLY)]
        for lock in self._locks:
            os.set_inheritable(lock, False)  # a helper process of the job must not keep a dead run alive
        signal.signal(signal.SIGTERM, self._on_term)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    @staticmethod
    def of_arguments(arguments: Sequence[str]) -> Progress:
        """Return the pen for a job's command line: the run folder and, where it has any, its locks' descriptors."""
        locks = [int(lock) for lock in arguments[1].split(",")] if len(arguments) > 1 else None
        return Progress(Path(arguments[0]).resolve(), locks)

    def _read_story(self) -> None:
        """Take up the events of an earlier life: where they end, and the losses so far."""
        story = FileFollower(self.folder / EVENTS)
        while story.behind:
            for event in story.events():
                step, loss = event.get("step"), event.get("loss")
                if event.get("event") == "step" and isinstance(step, int) and step > self.told_step:
                    self.told_step = step
                    if isinstance(loss, int | float):
                        self._losses.append(float(loss))
        # O_APPEND and one write a line: lines of two writers cannot mix.
        self._events = os.open(
            self.folder / EVENTS, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644
        )
        size = os.fstat(self._events).st_size
        if size and os.pread(self._events, 1, size - 1) != b"\n":
            os.write(self._events, b"\n")  # the torn last line of a crash stays alone

    def _on_term(self, *_: object) -> None:
        self._told_to_leave = True
        if self.interruptible:
            raise StopRequestedError

    def wish(self) -> Wish:
        """Return what is wanted of the run, looked at between two steps; `end` is the system's shutdown."""
        want = requested_action(self.folder)
        if self._told_to_leave and want == "pause":
            return "release"  # the owner's pause outlives a shutdown: it must not go on by itself at the next boot
        if self._told_to_leave and want is None:
            return "end"
        return want or ""

    @property
    def active_seconds(self) -> float:
        """Seconds of work of all the run's lives, without pauses."""
        now = 0.0 if self._active_since is None else time.monotonic() - self._active_since
        return self._active_before + now

    @property
    def gpus(self) -> tuple[str, ...]:
        """Indices of the GPUs that it works on."""
        return self._state.gpus

    @property
    def energy(self) -> tuple[float | None, str]:
        """Watt-hours of the run's earlier lives, and where they are from."""
        return self._state.wh, self._state.wh_from

    def wait_while_paused(self, step: int) -> None:
        """Wait in memory until something else than a pause is wanted; the processor is free meanwhile."""
        if self.wish() != "pause":
            return
        with self.resting(step, f"by you at step {step}; it waits in memory, and is saved"):
            print(f"paused at step {step}", flush=True)
            while self.wish() == "pause":
                time.sleep(_LOOK_SECONDS)

    @contextlib.contextmanager
    def resting(self, step: int, reason: str, waits: Waits = "", **fields: Any) -> Iterator[None]:
        """Be paused inside of this, in state and events; its time is no work. `fields` are the event's."""
        self._active_before, self._active_since = self.active_seconds, None
        began = time.monotonic()
        self.event("paused", at=step, **({"waits": waits, "reason": reason} if waits else {}), **fields)
        self.state("paused", reason=reason, waits=waits, seconds_left=None)
        yield
        self._active_since = time.monotonic()
        if not self.wish():
            took = round(time.monotonic() - began, 1)
            self.event("resumed", at=step, **({"waited": waits, "seconds": took} if waits else {}))
            print(f"resumed{f' after {took:.0f} s' if waits else ''}", flush=True)
            self.state("running", reason="", waits="")

    def event(self, event: str, **fields: Any) -> None:
        """Append one event."""
        data = encode_event(event, **fields)
        if os.write(self._events, data) < len(data):  # what a nearly full disk does before it says that it is full
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def warn(self, text: str) -> None:
        """Say something that the owner should know, to the events and the log."""
        self.event("warning", text=text)
        print(text, flush=True)

    def sync(self) -> None:
        """Bring the events to the disk, so that no checkpoint knows more than they do after a power cut."""
        os.fsync(self._events)

    def phase(self, text: str) -> None:
        """Say what the job does now, in words: to the events, the state and the log."""
        print(text, flush=True)
        self.event("phase", phase=text)
        self.state(self._word(), phase=text)
        self.breathe()

    def trainer(self, text: str) -> None:
        """Say which trainer the run got, and why: to the events, the state and the log."""
        print(text, flush=True)
        self.event("trainer", text=text)
        self.state(self._word(), trainer=text)

    def say(self, text: str) -> None:
        """Refresh the phase in the state alone, for progress that changes many times (a download)."""
        self.state(self._word(), throttle=True, phase=text)
        self.breathe()

    def _word(self) -> Status:
        return "stopping" if self.wish() in ("stop", "release", "end") else "running"

    def used(self) -> dict[str, Any]:
        """Return what the state keeps of the gauges: energy."""
        return {key: value for key, value in self.gauges().items() if key in RunState.__struct_fields__}

    def step(self, step: int, loss: float, **fields: Any) -> None:
        """Note one optimiser step; `fields` are the event's, and those that `State` knows go there too.

        A step that an earlier life of the run has told already, and that is done again, is not told twice.
        """
        fields = {"step": step, "loss": loss, **fields, **self.gauges()}
        if step > self.told_step:
            self.event("step", **{key: value for key, value in fields.items() if key != "wh_from"})
            self.told_step = step
            self._losses.append(loss)
        known = {key: value for key, value in fields.items() if key in RunState.__struct_fields__}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        known |= {"memory": max(peak, self._state.memory or 0), "spark": means(self._losses, _SPARKS)}
        self.state(self._word(), throttle=True, **known)

    def state(self, state: Status, *, throttle: bool = False, **changes: Any) -> None:
        """Change the state; with `throttle`, put it on disk only if the last one is old enough."""
        self._state = msgspec.structs.replace(self._state, state=state, active_seconds=self.active_seconds, **changes)
        now = time.monotonic()
        if not throttle or now - self._written > _STATE_EVERY:
            write_state(self.folder, self._state)
            self._written = now

    def end(self, state: Status, reason: str = "") -> None:
        """Write the last state, then the last event; on a full disk the state counts."""
        self.state(state, reason=reason, waits="", phase="", seconds_left=None, ended=time.time(), **self.used())
        with contextlib.suppress(OSError):
            self.event("ended", state=state, reason=reason)
            print(f"{state}{': ' if reason else ''}{reason}", flush=True)

    def end_for_now(self, step: int, hold: Hold) -> None:
        """Leave, to be started again by the supervisor when there is nothing to wait for any more."""
        self.state("queued", reason=hold.reason, waits=hold.waits, phase="", gpus=(), seconds_left=None, **self.used())
        self.event("left", at=step, waits=hold.waits, reason=hold.reason)
        print(f"left at step {step}, {hold.reason}", flush=True)

    def end_early(self) -> None:
        """Write the end of a job that was asked to leave before its first step."""
        word, reason = ENDINGS[self.wish() or "end"]
        self.end(word, f"{reason} before the first step; there was nothing to save")


ENDINGS: dict[str, tuple[Status, str]] = {
    "stop": ("stopped", "by you"),
    "pause": ("paused", "by you"),
    "release": ("paused", "by you"),
    "end": ("interrupted", "by the system (a shutdown, or SIGTERM)"),
}
"""For each wish the state that it leads to, and who wished it."""


def means(values: Sequence[float], most: int) -> tuple[float, ...]:
    """Return the means of at most `most` equal stretches of `values`."""
    count = min(most, len(values))
    edges = [round(index * len(values) / count) for index in range(count + 1)] if count else []
    return tuple(round(sum(values[low:high]) / (high - low), 4) for low, high in itertools.pairwise(edges))
