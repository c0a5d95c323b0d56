"""What is painted, on its way to the terminal: in a thread of its own, and never more than the line can carry."""

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
"""DSR: is all well? Every terminal answers, once it has taken all that came before."""
_MARK_EVERY = 1024
"""Bytes after which the terminal is asked."""
_ON_THE_WAY = 4096
"""Bytes that may be on their way before the next frame waits. ssh takes two million: at 64 kbit/s, four minutes of old
frames, behind which a pressed key would have to wait."""
_LOST_SECONDS = 10.0
"""After so long without an answer none is waited for: it may have been lost."""
_STOP_SECONDS = 2.0
"""How long the last of what was painted may take to be sent."""


class TerminalWriter(threading.Thread):
    """Sends what is painted, in a thread of its own; whoever paints never waits.

    Args:
        file: the terminal.
        gone: called once, in this thread, when the terminal is no more.
    """

    def __init__(self, file: TextIO, gone: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="textual-output")
        self._file, self._gone = file.fileno(), gone
        self._encoding = file.encoding or "utf-8"
        self._painting, self._due = ScreenDiff(), deque[str]()
        self._changed = threading.Condition()
        self._stopped = self._dead = False
        self._sent = self._taken = self._marked = 0
        self._marks = deque[tuple[int, float]]()
        self._asks = True
        self.seconds: float | None = None
        """How long the terminal took to say that it has taken what was sent; None where it never said so."""

    def write(self, text: str) -> None:
        """Have it sent, or what it paints, when the terminal takes it."""
        with self._changed:
            if not self._dead:
                if now := self._painting.put(text):
                    self._due.append(now)
                self._changed.notify()

    def forget(self) -> None:
        """Send all that is painted from now on: what the terminal shows is not known any more."""
        with self._changed:
            if now := self._painting.rest():
                self._due.append(now)
                self._changed.notify()
            self._painting.forget()

    def run(self) -> None:
        while (text := self._next()) is not None:
            try:
                self._send(text.encode(self._encoding, "replace"))
            except (OSError, ValueError):
                with self._changed:
                    self._dead = True
                    self._due.clear()
                    self._painting.forget()
                self._gone()
                return

    def _next(self) -> str | None:
        with self._changed:
            while True:
                if self._due:
                    return self._marking(self._due.popleft())
                if self._stopped:
                    return self._painting.rest() or None
                wait = None if self._painting.is_complete else self._full_for()
                if wait == 0 and (text := self._painting.rest()):
                    return self._marking(text)
                if wait != 0:
                    self._changed.wait(wait)

    def _full_for(self) -> float:
        """Return for how many seconds the line may still be full; 0 where a frame may be sent."""
        if self.seconds is None or not self._marks or self._sent - self._taken < _ON_THE_WAY:
            return 0
        left = self._marks[0][1] + _LOST_SECONDS - time.monotonic()
        if left > 0:
            return left
        self._taken = self._sent
        self._marks.clear()
        return 0

    def _marking(self, text: str) -> str:
        self._sent += len(text)
        if self._asks and self._sent - self._marked >= _MARK_EVERY:
            self._marked = self._sent
            self._marks.append((self._sent, time.monotonic()))
            return text + MARK
        return text

    def taken(self, answers: int) -> None:
        """Hear that the terminal has answered so many marks."""
        with self._changed:
            for _ in range(min(answers, len(self._marks))):
                self._taken, asked = self._marks.popleft()
                self.seconds = time.monotonic() - asked
            self._changed.notify()

    @property
    def awaited(self) -> int:
        """How many marks have not been answered."""
        return len(self._marks)

    def ask_no_more(self) -> None:
        """Send no more marks, for nobody will hear the answers."""
        with self._changed:
            self._asks = False

    def _send(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._file, data) :]
            except BlockingIOError:  # somebody else on this terminal has made it so
                select.select([], [self._file], [])

    def stop(self) -> None:
        """End it when all is sent, or when that takes too long."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self.join(_STOP_SECONDS)
