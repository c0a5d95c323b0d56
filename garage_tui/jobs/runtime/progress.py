"""The progress writer of a job: `events.jsonl`, `state.json`, and one line a step in the log."""

from __future__ import annotations

import contextlib
import errno
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
from garage_tui.core.runs.folder import EVENTS, Status
from garage_tui.core.runs.record import RunState, read_state, write_state
from garage_tui.core.runs.request import requested_action
from garage_tui.core.runs.state_writer import encode_event
from garage_tui.jobs.runtime.loss_curve import LossCurve
from garage_tui.jobs.runtime.run_lock import take_lock

Request = Literal["", "stop", "pause", "release", "end"]

_STATE_EVERY = 0.2  # seconds between two states on disk, so that a fast job does not fsync all day
_POLL_SECONDS = 0.2


def _do_nothing() -> None:
    """The cool-down of a job without a heat limit."""


class StopRequestedError(BaseException):
    """A stop was requested before there was anything to save.

    It is no `Exception`: it can be raised anywhere, also within a library or our own code that catches every exception
    of its work and goes on, and it must end the job there too, as a KeyboardInterrupt would.
    """


class Progress:
    """The only writer of the state and events of a run while its job is alive.

    Args:
        folder: the run folder.
        locks: file descriptors of the locks of the run and its slots, inherited from the supervisor; None for a job
            that is started by hand (`run_lock.take_lock`, which may raise `BadInputError`).
    """

    def __init__(self, folder: Path, locks: Sequence[int] | None = None) -> None:
        self.folder = folder
        self.interruptible = True
        """True while there is nothing to save, so that a stop request ends the job at once."""
        self.gauges: Callable[[], dict[str, Any]] = dict
        """Returns the readings of the GPUs, for the events of steps and the state."""
        self.cool_down: Callable[[], None] = _do_nothing
        """Called between two phases of work; it may wait until the GPU has cooled."""
        self.last_step = 0
        """The last step in the events, also from before a resume; no step is written twice."""
        self._terminated = False
        self._losses = LossCurve()
        self._locks = locks or [take_lock(folder)]
        for lock in self._locks:
            os.set_inheritable(lock, False)  # a helper process of the job must not keep a dead run alive
        self._read_events()
        self._state = read_state(folder)
        self._written = 0.0
        self._active_before = self._state.active_seconds
        self._active_since: float | None = time.monotonic()
        signal.signal(signal.SIGTERM, self._on_term)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    @staticmethod
    def of_arguments(arguments: Sequence[str]) -> Progress:
        """Return the progress writer for a job's arguments: the run folder and, optionally, its locks' descriptors."""
        locks = [int(lock) for lock in arguments[1].split(",")] if len(arguments) > 1 else None
        return Progress(Path(arguments[0]).resolve(), locks)

    def _read_events(self) -> None:
        """Read the events from before a resume: the last step, and the losses so far."""
        events = FileFollower(self.folder / EVENTS)
        while events.behind:
            for event in events.events():
                step, loss = event.get("step"), event.get("loss")
                if event.get("event") == "step" and isinstance(step, int) and step > self.last_step:
                    self.last_step = step
                    if isinstance(loss, int | float):
                        self._losses.add(float(loss))
        # O_APPEND and one write a line: lines of two writers cannot mix.
        self._events = os.open(
            self.folder / EVENTS, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644
        )
        size = os.fstat(self._events).st_size
        if size and os.pread(self._events, 1, size - 1) != b"\n":
            os.write(self._events, b"\n")  # ends the torn last line of a crash

    def _on_term(self, *_: object) -> None:
        self._terminated = True
        if self.interruptible:
            raise StopRequestedError

    def requested(self) -> Request:
        """Return what the user requests of the run; `end` is a shutdown of the system."""
        want = requested_action(self.folder)
        if self._terminated and want == "pause":
            return "release"  # a pause outlives a shutdown: the run must not resume by itself after the reboot
        if self._terminated and want is None:
            return "end"
        return want or ""

    @property
    def active_seconds(self) -> float:
        """Seconds of work since the run was first started, without pauses."""
        now = 0.0 if self._active_since is None else time.monotonic() - self._active_since
        return self._active_before + now

    @property
    def gpus(self) -> tuple[str, ...]:
        """Indices of the GPUs that the run uses."""
        return self._state.gpus

    @property
    def energy(self) -> tuple[float | None, str]:
        """Watt-hours from before a resume, and how they were measured."""
        return self._state.wh, self._state.wh_from

    def wait_while_paused(self, step: int) -> None:
        """Wait in memory while a pause is requested; the CPU and GPU are idle meanwhile."""
        if self.requested() != "pause":
            return
        with self.paused(step, f"by you at step {step}; it stays in memory and is saved"):
            print(f"paused at step {step}", flush=True)
            while self.requested() == "pause":
                time.sleep(_POLL_SECONDS)

    @contextlib.contextmanager
    def paused(self, step: int, reason: str, waits: Waits = "", **fields: Any) -> Iterator[None]:
        """Record a pause of the run for as long as the context lasts; `fields` go into the event."""
        self._active_before, self._active_since = self.active_seconds, None
        started = time.monotonic()
        self.write_event("paused", at=step, **({"waits": waits, "reason": reason} if waits else {}), **fields)
        self.write_state("paused", reason=reason, waits=waits, seconds_left=None)
        yield
        self._active_since = time.monotonic()
        if not self.requested():
            took = round(time.monotonic() - started, 1)
            self.write_event("resumed", at=step, **({"waited": waits, "seconds": took} if waits else {}))
            print(f"resumed{f' after {took:.0f} s' if waits else ''}", flush=True)
            self.write_state("running", reason="", waits="")

    def write_event(self, event: str, **fields: Any) -> None:
        """Append one event."""
        data = encode_event(event, **fields)
        if os.write(self._events, data) < len(data):  # what a nearly full disk does before it reports an error
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def warn(self, text: str) -> None:
        """Write a warning to the events and the log."""
        self.write_event("warning", text=text)
        print(text, flush=True)

    def sync(self) -> None:
        """Flush the events to disk, so that after a power cut no checkpoint is ahead of them."""
        os.fsync(self._events)

    def start_phase(self, text: str) -> None:
        """Write what the job does now to the events, the state and the log."""
        print(text, flush=True)
        self.write_event("phase", phase=text)
        self.write_state(self._status(), seconds_left=None, **self._phase(text, restart=True))
        self.cool_down()

    def begin_at(self, step: int) -> None:
        """Write the step from which the job goes on; the figures of steps that are lost go with them."""
        before = self._state
        if step != before.step:
            epoch = before.epoch * step / before.step if before.step else 0.0
            gone: dict[str, Any] = {} if step else {"loss": None}
            self.write_state(self._status(), step=step, epoch=epoch, seconds_left=None, **gone)

    def write_trainer(self, text: str) -> None:
        """Write which trainer the run uses, and why, to the events, the state and the log."""
        print(text, flush=True)
        self.write_event("trainer", text=text)
        self.write_state(self._status(), trainer=text)

    def say(self, text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None:
        """Update the phase in the state alone, for progress that changes often (a download).

        Args:
            done, total: how much is done, of how much; without a total nothing is counted.
            unit: what is counted, where the text does not say it.
        """
        new = text != self._state.phase
        self.write_state(self._status(), throttle=not new, **self._phase(text, done, total, unit))
        self.cool_down()

    def say_unless_stopped(self, text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None:
        """Do as `say`, for work that a request to stop may end at any moment.

        Raises:
            StopRequestedError: the run is to stop.
        """
        if self.requested() in ("stop", "release", "end"):
            raise StopRequestedError
        self.say(text, done, total, unit)

    def _phase(
        self, text: str, done: int = 0, total: int = 0, unit: str = "", *, restart: bool = False
    ) -> dict[str, Any]:
        """Return the fields of the state for a phase; one that goes on keeps the time at which it began."""
        state = self._state  # a new total is a new wait: the similar names after the general prompts
        same = text == state.phase and not restart and (total == state.phase_total or not state.phase_total)
        started = self._state.phase_started if same else time.time()
        counts = {"phase_done": done, "phase_total": total, "phase_unit": unit}
        return {"phase": text, "phase_started": started, **counts}

    def _status(self) -> Status:
        return "stopping" if self.requested() in ("stop", "release", "end") else "running"

    def energy_fields(self) -> dict[str, Any]:
        """Return the readings that the state keeps: energy."""
        return {key: value for key, value in self.gauges().items() if key in RunState.__struct_fields__}

    def write_step(self, step: int, loss: float, **fields: Any) -> None:
        """Write one optimiser step; `fields` go into the event, and those that `RunState` has also into the state.

        A step that is repeated after a resume is not written twice.
        """
        fields = {"step": step, "loss": loss, **fields, **self.gauges()}
        if step > self.last_step:
            self.write_event("step", **{key: value for key, value in fields.items() if key != "wh_from"})
            self.last_step = step
            self._losses.add(loss)
        known = {key: value for key, value in fields.items() if key in RunState.__struct_fields__}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        known |= {"memory": max(peak, self._state.memory or 0)}
        self.write_state(self._status(), throttle=True, **known)

    def write_state(self, state: Status, *, throttle: bool = False, **changes: Any) -> None:
        """Change the state; with `throttle`, write it only if the last write is old enough."""
        self._state = msgspec.structs.replace(self._state, state=state, active_seconds=self.active_seconds, **changes)
        now = time.monotonic()
        if not throttle or now - self._written > _STATE_EVERY:
            spark = self._losses.means(exact=not throttle) or self._state.spark
            self._state = msgspec.structs.replace(self._state, spark=spark)
            write_state(self.folder, self._state)
            self._written = now

    def end(self, state: Status, reason: str = "") -> None:
        """Write the final state, then the final event; on a full disk the state is what counts."""
        self.write_state(
            state,
            reason=reason,
            waits="",
            **self._phase(""),
            seconds_left=None,
            ended=time.time(),
            **self.energy_fields(),
        )
        with contextlib.suppress(OSError):
            self.write_event("ended", state=state, reason=reason)
            print(f"{state}{': ' if reason else ''}{reason}", flush=True)

    def suspend(self, step: int, hold: Hold) -> None:
        """Put the run back into the queue; the supervisor starts it again when the wait is over."""
        self.write_state(
            "queued",
            reason=hold.reason,
            waits=hold.waiting_for,
            **self._phase(""),
            gpus=(),
            seconds_left=None,
            **self.energy_fields(),
        )
        self.write_event("left", at=step, waits=hold.waiting_for, reason=hold.reason)
        print(f"suspended at step {step}: {hold.reason}", flush=True)

    def end_early(self) -> None:
        """Write the end of a job that was stopped before its first step."""
        state, reason = ENDINGS[self.requested() or "end"]
        self.end(state, f"{reason} before the first step; there was nothing to save")


ENDINGS: dict[str, tuple[Status, str]] = {
    "stop": ("stopped", "by you"),
    "pause": ("paused", "by you"),
    "release": ("paused", "by you"),
    "end": ("interrupted", "by the system (a shutdown, or SIGTERM)"),
}
"""For each request the state that it leads to, and who made it."""
