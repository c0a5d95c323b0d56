"""The server's place on its card: given up while a run wants it for itself, taken again when that run has ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from garage_tui.core.scheduling import gpu_locks
from garage_tui.jobs.runtime.error_text import in_words
from garage_tui.jobs.serve.memory import held

if TYPE_CHECKING:
    from garage_tui.jobs.serve.routes import Backend

_LOOK_SECONDS = 0.5
_OUT_OF_MEMORY = "out of memory while loading the model again; close what else runs, or use a smaller base"


class LeaseRecorder(Protocol):
    """Writes down what the server is."""

    def starting(self, phase: str) -> None: ...

    def ready(self, engine: str, memory: int | None) -> None: ...

    def asleep(self, why: str) -> None: ...


class Evictable(Protocol):
    should_exit: bool


class GpuLease:
    """Where the model of one server is.

    Args:
        slot: `cpu`, or the index of a GPU.
    """

    def __init__(self, slot: str, backend: Backend, pen: LeaseRecorder) -> None:
        self._seat, self._backend, self._pen = gpu_locks.GpuLock(slot), backend, pen
        self._over = threading.Event()
        self._failure: Exception | None = None
        self.absent = ""
        """Why the model cannot answer now; empty where it can."""

    def take(self) -> None:
        """Load the model, unless a run has the card for itself."""
        if self._seat.take():
            self._backend.start(self._pen.starting)
        else:
            self.absent = self._why()

    def watch(self, server: Evictable) -> None:
        """From now on, say what the server is, and follow what runs want, in a thread.

        Args:
            server: told to leave when the model cannot be loaded again.
        """
        self._tell()
        threading.Thread(target=self._follow, args=(server,), name="place", daemon=True).start()

    def close(self) -> None:
        self._over.set()

    def raise_failure(self) -> None:
        """Raise what ended the watch, if something did."""
        if self._failure:
            raise self._failure

    def _follow(self, server: Evictable) -> None:
        try:
            while not self._over.wait(_LOOK_SECONDS):
                if not self.absent:
                    self._backend.check()
                wanted = bool(gpu_locks.claimed_by(self._seat.slot))
                if wanted and not self.absent:
                    self.absent = self._why()  # from here on nothing new is begun
                    self._backend.sleep()
                    self._seat.leave()
                    self._tell()
                elif not wanted and self.absent and self._seat.take():
                    self._backend.start(self._pen.starting)
                    self.absent = ""
                    self._tell()
        except Exception as error:  # said where the server's end is written down
            print(in_words(error, full_disk="", out_of_memory=_OUT_OF_MEMORY), flush=True)
            self._failure = error
            server.should_exit = True

    def _why(self) -> str:
        slot = self._seat.slot
        where = "this box" if slot == "cpu" else f"GPU {slot}"
        run = gpu_locks.claimed_by(slot) or "a run"
        return f"paused: {run} uses {where} alone; the model is loaded again when that run ends"

    def _tell(self) -> None:
        if self.absent:
            self._pen.asleep(self.absent)
        else:
            self._pen.ready(self._backend.name, held(self._seat.slot))
