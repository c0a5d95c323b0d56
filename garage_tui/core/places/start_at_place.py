"""The start of a run's job at a place: wait for hours and sun at home, bring the folder there, submit the job once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from garage_tui import __version__
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.limits.start_conditions import StartConditions
from garage_tui.core.places.batch_scheduler import BatchScheduler, supervisor_command
from garage_tui.core.places.place import Place, PlaceUnreachableError, path_digest
from garage_tui.core.places.shell import PlaceShell
from garage_tui.core.places.transfer import Transfer
from garage_tui.core.runs.place_record import PlaceRecord, write_place_record
from garage_tui.core.runs.record import Manifest, RunState
from garage_tui.core.runs.request import requested_action, skips_start_conditions
from garage_tui.core.runs.state_writer import append_event, current_state, update_state

_CONDITIONS_SECONDS = 1.0
_RETRY_SECONDS = (2.0, 5.0, 15.0, 30.0)
"""Between two attempts to reach a place that does not answer."""
_PAUSED = ("paused", "by you")
_ENDINGS = {"stop": ("stopped", "before it was started"), "pause": _PAUSED, "release": _PAUSED}


def waiting_text(place: str) -> str:
    """Return the reason of a run that was submitted and has not begun."""
    return f"waiting at {place}"


def has_begun(state: RunState, place: str) -> bool:
    """Return whether a job has worked in the folder at a place since it was submitted."""
    return state.state != "queued" or state.reason != waiting_text(place)


class JobStart:
    """Starts the job of one run.

    Args:
        folder: the run folder at home.
        module: the module of the job.
        before: the record of an earlier job, which is over; None for a first one.
        prepare: makes in the run folder what the job cannot make there (the pictures); it raises `GarageError`.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        module: str,
        place: Place,
        shell: PlaceShell,
        scheduler: BatchScheduler,
        transfer: Transfer,
        before: PlaceRecord | None,
        prepare: Callable[[], None],
    ) -> None:
        self._folder, self._manifest, self._module, self._place = folder, manifest, module, place
        self._shell, self._scheduler, self._transfer, self._prepare = shell, scheduler, transfer, prepare
        self._attempt = before.attempt + 1 if before else 1
        self._record: PlaceRecord | None = None

    def run(self, pause: Callable[[float], None]) -> PlaceRecord | None:
        """Submit the job and return its record; None if the run was stopped before, or cannot be started.

        Args:
            pause: sleeps so many seconds, or until the owner asks something of the run.
        """
        if not self._wait_for_conditions(pause):
            return None
        failures = 0
        while True:
            if self._record is None and self._take_back():
                return None
            try:
                return self._submit()
            except PlaceUnreachableError as error:
                self._note_trouble(one_line(str(error), 200))
                pause(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1
            except GarageError as error:
                self._fail(str(error))
                return None

    def _submit(self) -> PlaceRecord:
        if self._record is None:
            self._write_state("queued", f"on its way to {self._place.name}")
            self._prepare()
            append_event(self._folder, "sent", place=self._place.name)  # from here on only the job writes events
            there = self._transfer.prepare()
            self._check_version()
            self._write_state("queued", waiting_text(self._place.name))
            self._transfer.send_state()
            # Written before the job is submitted: it is found by its name if the scheduler's answer is lost.
            record = PlaceRecord(
                place=self._place.name,
                name=f"{self._folder.name}.{path_digest(self._folder)}.{self._attempt}",
                folder=there,
                attempt=self._attempt,
                step=current_state(self._folder).step,
                submitted=time.time(),
            )
            self._record = self._write(record)
        elif job := self._scheduler.find(self._record.name):
            return self._write(msgspec.structs.replace(self._record, job=job, trouble="", trouble_since=0.0))
        command = supervisor_command(self._place, self._record.folder, self._module)
        grace = self._manifest.stop_grace_seconds
        job = self._scheduler.submit(self._record.folder, self._record.name, command, grace)
        return self._write(msgspec.structs.replace(self._record, job=job, trouble="", trouble_since=0.0))

    def _write(self, record: PlaceRecord) -> PlaceRecord:
        try:
            return write_place_record(self._folder, record)
        except OSError as error:
            raise GarageError(f"{self._folder} cannot be written: {error.strerror or error}") from error

    def _check_version(self) -> None:
        """Compare the versions here and there, where a command can be run there.

        Raises:
            GarageError: they differ, or none is installed there.
        """
        if self._place.settings.kind == "ray" and not self._place.settings.ssh:
            return  # the supervisor there does it
        check_version(self._place, self._shell)

    def _wait_for_conditions(self, pause: Callable[[float], None]) -> bool:
        """Wait for the hours and the sun of this box; return False if the run is stopped meanwhile."""
        limits = self._manifest.limits
        if not limits.conditional:
            return True
        conditions = StartConditions.of_run(self._folder, limits)
        try:
            while not skips_start_conditions(self._folder) and (hold := conditions.hold()) is not None:
                state = current_state(self._folder)
                if (state.waits, state.reason) != (hold.waiting_for, hold.reason):
                    if state.waits != hold.waiting_for:
                        append_event(self._folder, "waits", waits=hold.waiting_for, reason=hold.reason)
                    self._write_state("queued", hold.reason, hold.waiting_for)
                if self._take_back():
                    return False
                pause(_CONDITIONS_SECONDS)
            return True
        finally:
            conditions.close()

    def _take_back(self) -> bool:
        """End the run if its owner asks for that before it was submitted; return True if so."""
        action = requested_action(self._folder) or ""
        if action not in _ENDINGS:
            return False
        word, reason = _ENDINGS[action]
        step = current_state(self._folder).step
        kept = f" at step {step}; `garage resume {self._folder.name}` continues from its checkpoint" if step else ""
        full = f"taken back {reason} at {self._place.name}{kept}" if word == "stopped" else f"{reason}, before it began"
        update_state(self._folder, state=word, reason=full, waits="", ended=time.time())
        return True

    def _write_state(self, state: str, reason: str, waiting_for: str = "place") -> None:
        update_state(
            self._folder,
            state=state,
            reason=reason,
            waits=waiting_for,
            phase="",
            gpus=(),
            seconds_left=None,
            ended=None,
        )

    def _note_trouble(self, text: str) -> None:
        if self._record is None:
            self._write_state("queued", f"{self._place.name} does not answer ({text}); it is tried again")
        else:
            since = self._record.trouble_since or time.time()
            self._record = self._write(
                msgspec.structs.replace(self._record, trouble=text, trouble_since=since, answers=False)
            )

    def _fail(self, reason: str) -> None:
        if self._record is not None:
            self._write(msgspec.structs.replace(self._record, over=True))
        update_state(self._folder, state="failed", reason=reason, waits="", phase="", ended=time.time())
        append_event(self._folder, "ended", state="failed", reason=reason)


def check_version(place: Place, shell: PlaceShell) -> None:
    """Refuse a place whose garage_tui is missing or of another version: it might read the run otherwise.

    Raises:
        GarageError: the text says what to install there.
    """
    code = "import garage_tui; print(garage_tui.__version__)"
    result = shell.run([place.python, "-P", "-c", code])
    found = one_line(result.out.strip(), 40)
    if result.code:
        problem = result.problem or f"exit code {result.code}"
        raise GarageError(
            f"garage_tui cannot be imported by {place.python} at {place.name} ({problem}): install it there, or set "
            f"`python` in [places.{place.name}]"
        )
    if found != __version__:
        raise GarageError(
            f"{place.name} has garage_tui {found}, and this box has {__version__}: install the same version there"
        )
