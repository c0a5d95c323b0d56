"""The worker processes of llama.cpp: one for each model that is asked, started when it is first needed.

llama.cpp computes only conversations with the same adapter together, and lets one with another adapter wait for the
whole answer; it takes adapters at its start only. With a worker for each model nobody waits for another model's answer,
and a run that comes or goes touches no other worker. The base's weights are in memory once: all workers map one file.
It takes its number of threads at its start, too: a worker that should have another one is replaced while it is idle,
and the new one gets its conversations.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.jobs.llm.llama_cpp.process import LlamaCppProcess
from garage_tui.jobs.serve.engine_failures import EngineEndedError, EngineFailures
from garage_tui.jobs.serve.llama_cpp import conversations
from garage_tui.jobs.serve.llama_cpp.thread_share import ThreadShare

MAX_WORKERS = 4
"""Workers that are kept; the one that was not asked for longest goes first."""
MAX_BUSY_WORKERS = 8
"""Workers while all of them answer; a further model waits."""
_WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class WorkerModel:
    """A model as a worker has it."""

    name: str
    """Its id."""
    adapter: Path | None = None
    """A LoRA adapter as GGUF; another file after the run was resumed. None is the bare base."""


@dataclass
class Worker:
    """A worker and who uses it."""

    model: WorkerModel
    threads: int
    process: LlamaCppProcess
    users: int = 0
    used: float = field(default_factory=time.monotonic)


class WorkersClosedError(GarageError):
    """The pool is closed: the model was unloaded, or the server ends."""


class WorkerPool:
    """The workers of one base model; its methods may be called in any thread.

    Args:
        start: starts a process for a model with so many threads.
        threads: returns how many threads all workers may have together now.
        has_memory: returns whether there is memory for one more worker.
        failures: counts workers that end by themselves.
        bytes_kept: what the conversations of a worker take at most.
    """

    def __init__(
        self,
        start: Callable[[WorkerModel, int], LlamaCppProcess],
        threads: Callable[[], int],
        has_memory: Callable[[], bool],
        failures: EngineFailures,
        bytes_kept: float,
    ) -> None:
        self._start, self._limit, self._has_memory, self.failures = start, threads, has_memory, failures
        self._share, self._bytes_kept = ThreadShare(threads), bytes_kept
        self._changed = threading.Condition()
        self._current: dict[str, Worker] = {}
        """The workers that get new requests, by the id of their model."""
        self._leaving: list[Worker] = []
        """Workers that only end the answers that they are giving."""
        self._starting: set[str] = set()
        self._died: dict[str, WorkerModel] = {}
        """Models whose worker has ended by itself and was not started again yet."""
        self._kept: set[Path] = set()
        """Folders with conversations that a new worker has not got yet."""
        self._closed = True

    def open(self) -> None:
        """Let workers be started, until `close`."""
        with self._changed:
            self._closed = False

    @property
    def names(self) -> list[str]:
        """Ids of the models that have a worker."""
        with self._changed:
            return sorted(self._current)

    @property
    def threads(self) -> int:
        """Threads that each worker should have now."""
        return self._share.threads

    def acquire(self, model: WorkerModel) -> Worker:
        """Return the worker of a model for one request, started if need be; `release` it afterwards.

        Raises:
            WorkersClosedError: the pool is closed.
            EngineEndedError: llama.cpp ended by itself a moment ago, and is not started again yet.
            GarageError: the worker cannot be started, or too many models are asked at once.
        """
        with self._changed:
            busy = {worker.model.name for worker in [*self._current.values(), *self._leaving] if worker.users}
            self._share.note(len(busy | {model.name}))
        return self._acquire(model)

    def _acquire(self, model: WorkerModel) -> Worker:
        deadline = time.monotonic() + _WAIT_SECONDS
        replaced = None
        with self._changed:
            while True:
                self._check_open()
                if worker := self._usable(model):
                    worker.users += 1
                    worker.used = time.monotonic()
                    return worker
                if model.name not in self._starting and (
                    (replaced := self._take_replaceable(model)) or self._make_space()
                ):
                    break
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    raise GarageError("too many models are asked at once; try again later")
            self._starting.add(model.name)
        try:
            return self._launch(model, replaced)
        finally:
            with self._changed:
                self._starting.discard(model.name)
                self._changed.notify_all()

    def release(self, worker: Worker) -> None:
        """End one use of a worker."""
        with self._changed:
            worker.users -= 1
            worker.used = time.monotonic()
            leaves = worker in self._leaving and worker.users == 0
            if leaves:
                self._leaving.remove(worker)
            self._changed.notify_all()
        if leaves:
            worker.process.end()

    def check(self) -> None:
        """Start workers again that have ended by themselves, and replace idle ones whose number of threads is wrong.

        Raises:
            GarageError: llama.cpp has ended too often in a row.
        """
        with self._changed:
            for worker in [*self._current.values(), *self._leaving]:
                if worker.process.ended:
                    self._bury(worker)
            due = []
            if not self._closed and self.failures.pause == 0:
                due = [each.model for each in self._current.values() if self._is_replaceable(each)]
                due += self._died.values()
        if self.failures.too_many:
            raise GarageError(self.failures.why_given_up)
        for model in due:
            try:
                self.release(self._acquire(model))
            except GarageError as error:
                print(f"{model.name} cannot be started again: {error}", flush=True)
                with self._changed:
                    self._died.pop(model.name, None)  # the next request for it tries again

    def close(self) -> None:
        """End all workers, with the answers that they are giving."""
        with self._changed:
            self._closed = True
            workers, kept = [*self._current.values(), *self._leaving], set(self._kept)
            self._current.clear()
            self._leaving.clear()
            self._died.clear()
            self._changed.notify_all()
        for worker in workers:
            worker.process.end()
        for folder in kept:
            shutil.rmtree(folder, ignore_errors=True)

    def _check_open(self) -> None:
        if self._closed:
            raise WorkersClosedError("the model was unloaded; ask again later")

    def _is_replaceable(self, worker: Worker) -> bool:
        """Return whether a worker is idle and should have another number of threads."""
        return not worker.users and not worker.process.ended and worker.threads != self._share.threads

    def _take_replaceable(self, model: WorkerModel) -> Worker | None:
        """Return the worker of exactly this model if it is to be replaced, and give it no more requests."""
        worker = self._current.get(model.name)
        if worker is None or worker.model != model or not self._is_replaceable(worker):
            return None
        return self._current.pop(model.name)

    def _usable(self, model: WorkerModel) -> Worker | None:
        """Return the worker of exactly this model, unless it is to be replaced; one of another adapter has to leave."""
        worker = self._current.get(model.name)
        if worker is None:
            return None
        if worker.process.ended:
            self._bury(worker)
            return None
        if worker.model == model:
            if self._is_replaceable(worker):
                return None
            if worker.threads <= self._limit():
                return worker
        if model.name in self._starting:
            return None
        del self._current[model.name]
        self._dismiss(worker)
        return None

    def _dismiss(self, worker: Worker) -> None:
        """End a worker that gets no new requests, once its answers are complete."""
        if worker.users:
            self._leaving.append(worker)
        else:
            worker.process.end()

    def _bury(self, worker: Worker) -> None:
        """Note that a worker has ended by itself."""
        if worker in self._leaving:
            self._leaving.remove(worker)
        else:
            del self._current[worker.model.name]
            self._died[worker.model.name] = worker.model
        why = worker.process.why_it_ended()
        self.failures.add(f"llama.cpp ended unexpectedly ({why})")
        print(self.failures.note, flush=True)
        worker.process.end()

    def _make_space(self) -> bool:
        """Return whether one more worker may start; idle ones are ended for it."""
        if seconds := self.failures.pause:
            raise EngineEndedError(f"{self.failures.note} in {seconds:.0f} s; ask again then")
        while True:
            count = len(self._current) + len(self._leaving) + len(self._starting)
            idle = sorted(
                (worker for worker in self._current.values() if not worker.users), key=lambda worker: worker.used
            )
            if count < MAX_WORKERS and (not count or self._has_memory()):
                return True
            if not idle:
                return count < MAX_BUSY_WORKERS and self._has_memory()
            del self._current[idle[0].model.name]
            idle[0].process.end()

    def _launch(self, model: WorkerModel, replaced: Worker | None) -> Worker:
        threads, kept = self._share.threads, self._save(replaced) if replaced else None
        try:
            process = self._start(model, threads)
            try:
                process.wait_until_ready()
            except BaseException:
                process.end()
                raise
            if kept:
                conversations.restore(process, kept)
        finally:
            if kept:
                self._kept.discard(kept)
                shutil.rmtree(kept, ignore_errors=True)
        worker = Worker(model, threads, process, users=1)
        with self._changed:
            if self._closed:
                process.end()
                self._check_open()
            self._current[model.name] = worker
            self._died.pop(model.name, None)
        return worker

    def _save(self, replaced: Worker) -> Path | None:
        """Save the conversations of a worker and end it: there may be no memory for two of them."""
        kept = conversations.save(replaced.process, self._bytes_kept)
        if kept:
            self._kept.add(kept)
        replaced.process.end()
        return kept
