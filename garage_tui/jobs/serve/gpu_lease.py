"""The lease on a GPU under which a server keeps its model loaded; it ends when a run claims the GPU."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from garage_tui.core.base.errors import GarageError
from garage_tui.core.scheduling import gpu_locks
from garage_tui.jobs.runtime.error_text import describe_error
from garage_tui.jobs.serve.engine_failures import EngineEndedError
from garage_tui.jobs.serve.memory import held_bytes

if TYPE_CHECKING:
    from garage_tui.jobs.serve.routes import Backend

_POLL_SECONDS = 0.5
_OUT_OF_MEMORY = (
    "out of memory while loading the model again; stop other programs that use memory, or use a smaller base"
)


class LeaseRecorder(Protocol):
    """Writes the state of the server to its file."""

    def starting(self, phase: str) -> None: ...

    def ready(self, engine: str, memory: int | None, note: str) -> None: ...

    def asleep(self, why: str) -> None: ...


class StoppableServer(Protocol):
    """A uvicorn server, as far as the lease needs it."""

    should_exit: bool


class GpuLease:
    """Loads and unloads the model of one server, as runs claim and release its GPU.

    Args:
        slot: `cpu`, or the index of a GPU.
        recorder: is told about each change.
    """

    def __init__(self, slot: str, backend: Backend, recorder: LeaseRecorder) -> None:
        self._lock, self._backend, self._recorder = gpu_locks.GpuLock(slot), backend, recorder
        self._over = threading.Event()
        self._failure: Exception | None = None
        self._restarts = False
        """True while the engine has ended by itself and was not started again yet."""
        self._recorded = ""
        self.absent = ""
        """Why the model is unloaded; empty while it can answer."""

    def take(self) -> None:
        """Load the model, unless a run has claimed the GPU."""
        if self._lock.take():
            self._backend.start(self._recorder.starting)
        else:
            self.absent = self._reason()

    def watch(self, server: StoppableServer) -> None:
        """Record the state of the server and follow the claims of runs, in a thread.

        Args:
            server: is told to exit when the model cannot be loaded again.
        """
        self._record()
        threading.Thread(target=self._follow, args=(server,), name="gpu-lease", daemon=True).start()

    def close(self) -> None:
        self._over.set()

    def raise_failure(self) -> None:
        """Raise the exception that ended the thread, if there was one."""
        if self._failure:
            raise self._failure

    def _follow(self, server: StoppableServer) -> None:
        try:
            while not self._over.wait(_POLL_SECONDS):
                if not self.absent:
                    self._check()
                claimed = bool(gpu_locks.claimed_by(self._lock.slot))
                if claimed and (not self.absent or self._restarts):
                    self.absent = self._reason()  # from here on new questions are refused
                    self._restarts = False
                    self._backend.sleep()
                    self._lock.leave()
                    self._record()
                elif self._restarts:
                    self._start_again()
                elif not claimed and self.absent and self._lock.take():
                    self._backend.start(self._recorder.starting)
                    self.absent = ""
                    self._record()
        except Exception as error:  # reported where the end of the server is recorded
            print(describe_error(error, folder=Path.cwd(), full_disk="", out_of_memory=_OUT_OF_MEMORY), flush=True)
            self._failure = error
            server.should_exit = True

    def _check(self) -> None:
        """Note that the engine has ended by itself, where it has.

        Raises:
            GarageError: it has ended too often in a row.
        """
        try:
            self._backend.check()
        except EngineEndedError as error:
            self._note_failure(error)
        if self._backend.failures.note != self._recorded:
            self._record()

    def _start_again(self) -> None:
        """Start the engine again when its pause is over.

        Raises:
            GarageError: it has ended too often in a row.
        """
        if self._backend.failures.pause:
            return
        try:
            self._backend.start(lambda phase: print(phase, flush=True))
        except GarageError as error:
            self._note_failure(error)
        else:
            self._restarts, self.absent = False, ""
            self._record()

    def _note_failure(self, error: GarageError) -> None:
        failures = self._backend.failures
        failures.add(str(error))
        print(failures.note, flush=True)
        if failures.too_many:
            raise GarageError(failures.why_given_up) from error
        self._restarts, self.absent = True, failures.note
        self._record()

    def _reason(self) -> str:
        slot = self._lock.slot
        where = "this machine" if slot == "cpu" else f"GPU {slot}"
        run = gpu_locks.claimed_by(slot) or "a run"
        return f"paused: {run} uses {where} alone; the model is loaded again when that run ends"

    def _record(self) -> None:
        if self.absent:
            self._recorder.asleep(self.absent)
        else:
            self._recorded = self._backend.failures.note
            self._recorder.ready(self._backend.name, held_bytes(self._lock.slot), self._recorded)
