"""Sends output to the terminal in a thread of its own, and no faster than the connection carries it."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from garage_tui.driver.screen_diff import ScreenDiff

MARK = "\x1b[5n"
"""DSR, which every terminal answers once it has taken everything before it: an acknowledgement."""
_MARK_EVERY = 1024
"""Bytes after which a mark is sent."""
_MAX_IN_FLIGHT = 4096
"""Bytes that may be unacknowledged before the next frame waits. ssh buffers two million: at 64 kbit/s, four minutes of
old frames, behind which the answer to a pressed key would have to wait."""
_LOST_SECONDS = 10.0
"""Longest wait for an acknowledgement in seconds; it may have been lost."""
_STOP_SECONDS = 2.0
"""Seconds that sending the last output may take."""


class TerminalWriter(threading.Thread):
    """Sends output in a thread of its own, so that callers never wait.

    Args:
        file: the terminal.
        gone: called once, in this thread, when the terminal is gone.
    """

    def __init__(self, file: TextIO, gone: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="textual-output")
        self._file, self._gone = file.fileno(), gone
        self._encoding = file.encoding or "utf-8"
        self._screen, self._due = ScreenDiff(), deque[str]()
        self._changed = threading.Condition()
        self._stopped = self._dead = False
        self._sent = self._acknowledged = self._marked = 0
        self._marks = deque[tuple[int, float]]()
        self._sends_marks = True
        self.seconds: float | None = None
        """Seconds that the last acknowledgement took; None if the terminal has never sent one."""

    def write(self, text: str) -> None:
        """Queue text, or the cells that it paints."""
        with self._changed:
            if not self._dead:
                if now := self._screen.write(text):
                    self._due.append(now)
                self._changed.notify()

    def forget(self) -> None:
        """Send everything that is painted from now on: what the terminal shows is not known any more."""
        with self._changed:
            if now := self._screen.flush():
                self._due.append(now)
                self._changed.notify()
            self._screen.forget()

    def run(self) -> None:
        while (text := self._next()) is not None:
            try:
                self._send(text.encode(self._encoding, "replace"))
            except (OSError, ValueError):
                with self._changed:
                    self._dead = True
                    self._due.clear()
                    self._screen.forget()
                self._gone()
                return

    def _next(self) -> str | None:
        with self._changed:
            while True:
                if self._due:
                    return self._with_mark(self._due.popleft())
                if self._stopped:
                    return self._screen.flush() or None
                wait = None if self._screen.is_complete else self._wait_seconds()
                if wait == 0 and (text := self._screen.flush()):
                    return self._with_mark(text)
                if wait != 0:
                    self._changed.wait(wait)

    def _wait_seconds(self) -> float:
        """Return for how many seconds the next frame should wait; 0 where it may be sent."""
        if self.seconds is None or not self._marks or self._sent - self._acknowledged < _MAX_IN_FLIGHT:
            return 0
        left = self._marks[0][1] + _LOST_SECONDS - time.monotonic()
        if left > 0:
            return left
        self._acknowledged = self._sent
        self._marks.clear()
        return 0

    def _with_mark(self, text: str) -> str:
        self._sent += len(text)
        if self._sends_marks and self._sent - self._marked >= _MARK_EVERY:
            self._marked = self._sent
            self._marks.append((self._sent, time.monotonic()))
            return text + MARK
        return text

    def acknowledge(self, count: int) -> None:
        """Take note that the terminal has answered so many marks."""
        with self._changed:
            for _ in range(min(count, len(self._marks))):
                self._acknowledged, sent_at = self._marks.popleft()
                self.seconds = time.monotonic() - sent_at
            self._changed.notify()

    @property
    def unacknowledged(self) -> int:
        """The number of marks that have not been answered."""
        return len(self._marks)

    def stop_marking(self) -> None:
        """Stop sending marks, because the replies will not be read."""
        with self._changed:
            self._sends_marks = False

    def _send(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._file, data) :]
            except BlockingIOError:  # another process on this terminal has made it non-blocking
                select.select([], [self._file], [])

    def stop(self) -> None:
        """End the thread when everything is sent, or when that takes too long."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self.join(_STOP_SECONDS)
