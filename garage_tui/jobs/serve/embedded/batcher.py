"""The thread that groups questions which arrive together into batches and has the engine answer them."""

from __future__ import annotations

import queue
import threading
import time
import traceback

import torch

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.jobs.serve.embedded.engine import MAX_ROWS, Engine
from garage_tui.jobs.serve.generation import GenerationRow

GATHER_SECONDS = 0.03
"""Seconds that a batch stays open: the questions to base and tuned model arrive within a few milliseconds."""
MAX_WAITING = 64
"""Most questions in the queue; more are refused."""


class Batcher:
    """The only thread that uses the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.batches = 0
        """Batches begun so far."""
        self.last_used = time.monotonic()
        self._waiting: queue.Queue[GenerationRow | None] = queue.Queue()
        self._running: list[GenerationRow] = []
        self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        return bool(self._running) or not self._waiting.empty()

    def put(self, row: GenerationRow) -> None:
        """Queue a row; the row reports its own progress.

        Raises:
            GarageError: too many rows are waiting.
        """
        if self._waiting.qsize() >= MAX_WAITING:
            raise GarageError(f"{MAX_WAITING} questions are waiting already; try again later")
        self.last_used = time.monotonic()
        self._waiting.put(row)

    def close(self, seconds: float) -> bool:
        """Cancel all answers and wait for the thread; return whether it has ended."""
        self._waiting.put(None)
        for row in list(self._running):
            row.cancel()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            self._running = rows = self._gather(first)
            self._answer([row for row in rows if not row.cancelled])
            self._running = []
            self.last_used = time.monotonic()

    def _gather(self, first: GenerationRow) -> list[GenerationRow]:
        rows = [first]
        until = time.monotonic() + GATHER_SECONDS
        while len(rows) < MAX_ROWS and (left := until - time.monotonic()) > 0:
            try:
                row = self._waiting.get(timeout=left)
            except queue.Empty:
                break
            if row is None:  # the end: leave it for the loop
                self._waiting.put(None)
                break
            rows.append(row)
        return rows

    def _answer(self, rows: list[GenerationRow]) -> None:
        if not rows:
            return
        self.batches += 1
        started = time.monotonic()
        try:
            self.engine.answer(rows)
        except Exception as error:  # the clients get a sentence, and the next batch is tried
            traceback.print_exc()
            text = str(error)
            reason = f"the model failed ({type(error).__name__}: {one_line(text, 120)}); see the server's log"
            if isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in text:
                reason = "out of memory; ask a shorter question, or free some memory"
            for row in rows:
                row.fail(reason)
        ends = ", ".join(f"{row.tokens} tokens ({row.finish})" for row in rows)
        print(f"batch {self.batches}: {ends} in {time.monotonic() - started:.1f} s", flush=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # a training run on the same GPU needs it more
