"""The watcher of a run at a place: it submits the job, follows it, passes requests on, and brings the results home.

It runs in the supervisor's process and holds the run's lock, so a run at a place is alive at home as long as somebody
follows it. If the watcher ends, the job there goes on, and `garage resume` finds it again (`place.json`).

The folder is believed first: what it says about the run is true. The scheduler is believed where the folder says
nothing: a job that still waits, or that ended without a word.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.places.batch_scheduler import BatchScheduler, JobStatus
from garage_tui.core.places.place import Place, PlaceUnreachableError
from garage_tui.core.places.start_at_place import has_begun, waiting_text
from garage_tui.core.places.transfer import FolderGoneError, Transfer
from garage_tui.core.runs.folder import ENDED
from garage_tui.core.runs.place_record import PlaceRecord, last_output, write_place_record
from garage_tui.core.runs.record import RESTING, Manifest, RunState
from garage_tui.core.runs.request import requested_action
from garage_tui.core.runs.state_writer import append_event, current_state, update_state

_WAKE_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_TICK_SECONDS = 0.25
_OFTEN_SECONDS, _SELDOM_SECONDS = 1.0, 5.0
"""Between two looks at the folder there, and as much again between two questions to the scheduler."""
_FRESH_SECONDS = 60.0
"""How long after a submission, a request or a change it looks often."""
_SILENT_SECONDS = 5.0
"""How long the folder of a job that is over has to stay as it is until its last state counts as the end: the job may
outlive its supervisor and still save."""
_BELIEVED_SECONDS = 60.0
"""How long an ended run has to be silent until the folder is believed against a scheduler that says it still works."""
_FORGET_SECONDS = 10.0
"""How long a job that was cancelled while it waited may stay in the scheduler's queue until the run counts as ended."""
_RETRY_SECONDS = (2.0, 5.0, 15.0, 30.0)
"""Between two attempts to reach a place that does not answer."""
_ENDINGS = {"stop": "stopped", "release": "paused", "pause": "paused"}


class WatchEndedError(Exception):
    """The system ends the watcher; the job at the place goes on."""


class PlaceWatcher:
    """Follows one run at a place until it has ended.

    Args:
        folder: the run folder at home.
        start: submits the job (`start_at_place.JobStart.run`).
        record: of the job that was submitted last; None if there is none.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        place: Place,
        scheduler: BatchScheduler,
        transfer: Transfer,
        start: Callable[[Callable[[float], None]], PlaceRecord | None],
        record: PlaceRecord | None,
    ) -> None:
        self._folder, self._manifest, self._place = folder, manifest, place
        self._scheduler, self._transfer, self._start = scheduler, transfer, start
        self._record = record
        self._failures = 0
        self._sent: str | None = None
        """The request that was last passed on."""
        self._sent_at = self._changed_at = time.monotonic()
        self._cancelled = False
        self._over_since: float | None = None
        self._seen: tuple[object, ...] = ()

    def run(self) -> None:
        """Start the job, unless it is there already, and follow it.

        Raises:
            WatchEndedError: the system ends this process; the run is left as it is.
        """
        self._find_job()
        if self._record is None or self._record.over:
            self._record = self._start(self._pause)
            if self._record is None:  # it was stopped before, or it cannot be started
                return
        status: JobStatus | None = None
        scheduler_due = 0.0
        while True:
            try:
                self._pass_request_on(status)
                state = self._transfer.fetch()
                if time.monotonic() >= scheduler_due or state.state in RESTING:
                    status = self._ask_scheduler()
                    scheduler_due = time.monotonic() + self._interval
                self._note_answer(status)
                if self._settle(state, status):
                    return
            except PlaceUnreachableError as error:
                self._note_trouble(str(error), answers=False)
                self._pause(_RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS)) - 1])
                continue
            except FolderGoneError as error:
                if self._give_up(str(error)):
                    return
                self._pause(_RETRY_SECONDS[-2])
                continue
            except GarageError as error:  # the scheduler's or rsync's answer is no, and may be yes later
                self._note_trouble(str(error), answers=True)
                self._pause(_RETRY_SECONDS[-2])
                continue
            self._pause(self._interval)

    @property
    def _interval(self) -> float:
        fresh = time.monotonic() - max(self._sent_at, self._changed_at) < _FRESH_SECONDS
        return _OFTEN_SECONDS if fresh else _SELDOM_SECONDS

    def _pause(self, seconds: float) -> None:
        """Sleep, but for a new request of the owner.

        Raises:
            WatchEndedError: the system ends this process.
        """
        end = time.monotonic() + seconds
        before = requested_action(self._folder)
        while (left := end - time.monotonic()) > 0:
            info = signal.sigtimedwait(_WAKE_SIGNALS, min(left, _TICK_SECONDS))
            if info is not None and info.si_signo in (signal.SIGTERM, signal.SIGINT):
                raise WatchEndedError
            if requested_action(self._folder) != before:
                return

    def _find_job(self) -> None:
        """Find the job of a submission whose answer never came.

        One that is not in the queue may be over by now, and leave its work there: it is followed to its end. Only
        where the folder says that no job has begun, nothing was submitted.
        """
        while self._record is not None and not self._record.over and not self._record.job:
            try:
                if job := self._scheduler.find(self._record.name):
                    self._write(job=job)
                elif has_begun(self._transfer.fetch(), self._place.name):
                    return
                else:
                    self._write(over=True)
            except FolderGoneError:
                self._write(over=True)
            except (PlaceUnreachableError, GarageError) as error:
                self._note_trouble(str(error), answers=isinstance(error, GarageError))
                self._pause(_RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS)) - 1])

    def _ask_scheduler(self) -> JobStatus:
        assert self._record is not None
        if not self._record.job and (job := self._scheduler.find(self._record.name)):
            self._write(job=job)
        if not self._record.job:
            return JobStatus("over", "not in the queue")
        return self._scheduler.status(self._record.job)

    def _give_up(self, text: str) -> bool:
        """End a run whose folder there is gone, once its job is over too; return False while the job goes on."""
        try:
            status = self._ask_scheduler()
        except PlaceUnreachableError as error:
            self._note_trouble(str(error), answers=False)
            return False
        if status.kind != "over":
            self._note_trouble(text, answers=True)
            return False
        says = f"{self._place.scheduler_name}: {status.text}"
        reason = f"its job at {self._place.name} is over ({says}), and what it left cannot be fetched: {text}"
        self._end("interrupted", reason)
        self._write(over=True, scheduler=status.text, trouble="", trouble_since=0.0)
        return True

    def _end(self, state: str, reason: str) -> None:
        """Write how the run ended where its job could not."""
        changes = {"state": state, "reason": reason, "phase": "", "waits": "", "seconds_left": None}
        update_state(self._folder, **changes, ended=time.time())
        append_event(self._folder, "ended", state=state, reason=reason)

    def _pass_request_on(self, status: JobStatus | None) -> None:
        """Send the owner's request there; end a job that waits, or that does not obey in time."""
        assert self._record is not None
        action = requested_action(self._folder) or ""
        if action != self._sent:
            self._transfer.send_request()
            self._sent, self._sent_at, self._cancelled = action, time.monotonic(), False
        if action not in _ENDINGS or self._cancelled or not self._record.job:
            return
        late = time.monotonic() - self._sent_at > self._manifest.stop_grace_seconds + _SILENT_SECONDS
        if late or (status is not None and status.kind == "waits"):
            self._scheduler.cancel(self._record.job)
            self._cancelled = True

    def _settle(self, state: RunState, status: JobStatus | None) -> bool:
        """Take over what was fetched; return True once the run has ended, and everything is home."""
        seen = (state.updated, state.step, state.state)
        if seen != self._seen:
            self._seen, self._changed_at = seen, time.monotonic()
        ended = state.state in RESTING and state.ended is not None
        over = status is not None and status.kind == "over"
        if ended and not over and state.state != "interrupted" and self._silent_for > _BELIEVED_SECONDS:
            over = True  # the scheduler has lost its job; the folder says that the run has ended
            self._cancel()
        if not over and self._is_withdrawn(state, status):
            over = True  # Ray keeps a cancelled job in its queue; when it is started, it finds the request and ends
        if not over:
            self._over_since = None
            if not ended:  # else the state comes home with all the rest
                self._transfer.take_state(state)
            return False
        self._over_since = self._over_since or time.monotonic()
        silent = min(self._silent_for, time.monotonic() - self._over_since) > _SILENT_SECONDS
        if not (ended or silent):
            self._transfer.take_state(state)
            return False
        self._transfer.fetch_all()
        assert status is not None
        self._finish(self._transfer.fetch() if ended else state, ended, status)
        return True

    def _is_withdrawn(self, state: RunState, status: JobStatus | None) -> bool:
        """Return whether the job was cancelled while it waited, and the scheduler has had time to forget it."""
        waits = status is not None and status.kind == "waits" and state.state == "queued"
        return waits and self._cancelled and time.monotonic() - self._sent_at > _FORGET_SECONDS

    @property
    def _silent_for(self) -> float:
        """Seconds since the folder there changed."""
        return time.monotonic() - self._changed_at

    def _cancel(self) -> None:
        """Have the scheduler end the job, as well as it can."""
        if self._record is not None and self._record.job:
            with contextlib.suppress(GarageError):
                self._scheduler.cancel(self._record.job)

    def _finish(self, state: RunState, ended: bool, status: JobStatus) -> None:
        """Write how the run ended, which is what the folder says, or else what the scheduler says."""
        self._transfer.take_state(state)
        if not ended:
            self._write_silent_end(state, status)
        self._write(over=True, scheduler=status.text, trouble="", trouble_since=0.0)
        if current_state(self._folder).state in ENDED:
            with contextlib.suppress(PlaceUnreachableError, GarageError):  # what is left there does no harm
                self._transfer.remove()

    def _write_silent_end(self, state: RunState, status: JobStatus) -> None:
        assert self._record is not None
        name, scheduler = self._place.name, self._place.scheduler_name
        action = requested_action(self._folder) or ""
        began = state.state != "queued" or state.step > 0 or state.started is not None
        says = f"{scheduler}: {status.text}"
        if action in _ENDINGS and state.state == "queued":
            kept = (
                f" at step {state.step}; `garage resume {self._folder.name}` continues from its checkpoint"
                if state.step
                else ""
            )
            word, reason = _ENDINGS[action], f"taken out of the queue at {name}{kept}"
        elif state.state == "queued" and began and state.reason != waiting_text(name):  # cut off, and not put back
            word, reason = "interrupted", f"{state.reason}; its job is over ({says})"
        elif state.state == "queued":
            word, reason = (
                "failed",
                f"its job at {name} ended before it could work ({says}): {last_output(self._folder)}",
            )
        else:
            word, reason = "interrupted", f"its job at {name} ended without a word ({says}); at step {state.step}"
        self._end(word, reason)

    def _note_answer(self, status: JobStatus | None) -> None:
        self._failures = 0
        self._write(scheduler=status.text if status else "", trouble="", trouble_since=0.0)

    def _note_trouble(self, text: str, *, answers: bool) -> None:
        assert self._record is not None
        self._failures += 1
        since = self._record.trouble_since or time.time()
        self._write(trouble=one_line(text, 200), trouble_since=since, answers=answers)

    def _write(self, **changes: object) -> None:
        """Change the record, if anything differs; a full disk must not end the watcher."""
        assert self._record is not None
        new = msgspec.structs.replace(self._record, **changes)
        if new != self._record:
            self._record = new
            with contextlib.suppress(OSError):
                write_place_record(self._folder, new)
