"""The question to the terminal: asked at once, answered in a round trip, with nothing left for the next reader.

A command waits for the answer (`ask`). The app does not: it asks first (`Question`), is imported meanwhile, takes what
has come by then, and whatever comes later is taken out of what the terminal sends before anybody sees it as keys.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import termios
import time
from collections.abc import Mapping
from typing import Any

from garage_tui.core.terminal import capabilities as terminal
from garage_tui.core.terminal.capabilities import Terminal, Way

_MOST_ANSWER = 65_536
_SILENCE, _LATE = 0.05, 0.3
"""Seconds without a byte, and seconds in all, after which no more of an unfinished answer is waited for."""
_LAST = re.compile(rb"\x1b\[\?[\d;]*c")
"""DA1, which every terminal answers, and last."""
_ANSWERS = re.compile(
    rb"\x1b_G[^\x1b]*\x1b\\"  # kitty
    rb"|\x1bP>\|[^\x1b]*\x1b\\"  # XTVERSION
    rb"|\x1b\[[46];\d+;\d+t"  # pixels of the window, of a cell
    rb"|\x1b\[\?[\d;]*[cS]"  # DA1, XTSMGRAPHICS
)
_BEGUN = re.compile(rb"\x1b(?:[_P][^\x1b]*\x1b?|\[(?:[46][;\d]*|\?[\d;]*)?)?$")
"""The end of what was read, where it may be the beginning of an answer."""
_NO_KEY = re.compile(rb"\x1b(?:_G|P>|\[\?|\[[46];)")
"""The beginning of an answer that no key begins with."""


def ask(
    fixed: Way | None = None,
    *,
    env: Mapping[str, str] = os.environ,
    seconds: float = 1.0,
    reader: int = 0,
    writer: int = 1,
) -> Terminal:
    """Ask the terminal once what it can show, and wait for its answer.

    Nothing of the answer is left for the next reader; what was typed in the meantime is lost.

    Args:
        fixed: the way to show pictures, whatever the terminal says; it is still asked for its pixels.
        seconds: how long to wait for the answer.
        reader: file descriptor the terminal's answer comes from.
        writer: file descriptor the terminal shows what is written to.
    """
    answer, took = b"", None
    if words := terminal.question(fixed, env, reader, writer):
        answer, took = _exchange(words, reader, writer, seconds)
    return terminal.understand(answer, took, fixed, env, reader, writer)


class TerminalQuery:
    """A question that is answered while other things are done; within `with`, the tty does not show the answer.

    Args: as in `ask`.
    """

    def __init__(
        self, fixed: Way | None = None, *, env: Mapping[str, str] = os.environ, reader: int = 0, writer: int = 1
    ) -> None:
        self._fixed, self._env, self._reader, self._writer = fixed, env, reader, writer
        self._words = terminal.question(fixed, env, reader, writer)
        self._before: list[Any] | None = None
        self._asked = 0.0
        self._took: float | None = None
        self._answer = self._begun = self._typed = b""
        self.open = bool(self._words)
        """Whether an answer may still come."""

    def __enter__(self) -> TerminalQuery:
        if self.open:
            try:
                self._before = _unseen(self._reader)
                self._asked = time.monotonic()
                _put(self._words, self._writer)
            except (OSError, termios.error):
                self.open = False  # the terminal has gone
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(self._reader, termios.TCSANOW, self._before)

    def listen(self, seconds: float) -> None:
        """Take what has come of the answer, and wait so long for the rest."""
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while self.open:
                left = began + seconds - time.monotonic()
                if not select.select([self._reader], [], [], max(0.0, left))[0]:
                    return
                if not (part := os.read(self._reader, 4096)):
                    return
                self._typed += self.sift(part)
        if self._took is not None:
            self._took = time.monotonic() - began  # it may have been here long before

    def sift(self, data: bytes) -> bytes:
        """Take the answer out of what the terminal sends, and return the rest.

        What may be the beginning of an answer is kept back for the next time, in front of that.
        """
        data, self._begun = self._begun + data, b""
        if not self.open:
            return data
        self._answer = (self._answer + b"".join(_ANSWERS.findall(data)))[:_MOST_ANSWER]
        rest = _ANSWERS.sub(b"", data)
        if _LAST.search(self._answer):
            self.open, self._took = False, time.monotonic() - self._asked
        elif (begun := _BEGUN.search(rest)) and len(begun[0]) < _MOST_ANSWER:
            rest, self._begun = rest[: begun.start()], begun[0]
        return rest

    def kept(self) -> bytes:
        """Return, once, the keys that were pressed while `listen` read, and what was kept back and may be a key."""
        kept, self._typed = self._typed, b""
        if not _NO_KEY.match(self._begun):
            kept, self._begun = kept + self._begun, b""
        return kept

    @property
    def is_over(self) -> bool:
        """Whether nothing is awaited, and nothing kept, any more."""
        return not (self.open or self._typed or self._begun)

    @property
    def terminal(self) -> Terminal:
        """What is known of the terminal by now. This may take some milliseconds: tmux is asked, too."""
        return terminal.understand(self._answer, self._took, self._fixed, self._env, self._reader, self._writer)


def _unseen(reader: int) -> list[Any]:
    """Have bytes come as they are typed, and unseen; return how it was before."""
    before = termios.tcgetattr(reader)
    raw = termios.tcgetattr(reader)
    raw[3] &= ~(termios.ICANON | termios.ECHO)
    raw[6][termios.VMIN], raw[6][termios.VTIME] = 0, 0
    termios.tcsetattr(reader, termios.TCSANOW, raw)
    return before


def _put(words: str, writer: int) -> None:
    # A terminal that prints what it does not understand has it wiped away.
    os.write(writer, f"\x1b7{words}\x1b8\x1b[K".encode())


def _exchange(words: str, reader: int, writer: int, seconds: float) -> tuple[bytes, float | None]:
    """Return what the terminal answered, and after how many seconds; None where its last word did not come."""
    answer, done, late = b"", False, False
    try:
        before = _unseen(reader)
        try:
            start = time.monotonic()
            limit = start + seconds
            _put(words, writer)
            while not done and len(answer) < _MOST_ANSWER:
                now = time.monotonic()
                if now >= limit:
                    if late or not answer:
                        break
                    late, limit = True, now + _LATE  # cut off in the middle: its rest must not become somebody's keys
                if not select.select([reader], [], [], min(_SILENCE, limit - now) if late else limit - now)[0]:
                    if late:
                        break
                    continue
                part = os.read(reader, 4096)
                if not part:
                    break
                answer += part
                done = _LAST.search(answer) is not None
            return answer, time.monotonic() - start if done else None
        finally:
            termios.tcsetattr(reader, termios.TCSAFLUSH, before)
    except (OSError, termios.error):
        return b"", None  # the terminal has gone: there is nobody to show a picture to
