"""Queries what a terminal can show; nothing of its reply is left for the next reader of the tty.

A command waits for the reply (`query_terminal`). The app does not: it sends the query first (`TerminalQuery`), is
imported meanwhile and reads what has come by then. What comes later is filtered out of the input before it is taken
for keys.
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

from garage_tui.core.terminal import capabilities
from garage_tui.core.terminal.capabilities import ImageMode, Terminal

_MAX_REPLY = 65_536
_SILENCE, _LATE = 0.05, 0.3
"""Seconds without a byte, and seconds in all, that the rest of an unfinished reply is waited for."""
_END = re.compile(rb"\x1b\[\?[\d;]*c")
"""The reply to DA1, which every terminal sends, and last."""
_REPLIES = re.compile(
    rb"\x1b_G[^\x1b]*\x1b\\"  # kitty
    rb"|\x1bP>\|[^\x1b]*\x1b\\"  # XTVERSION
    rb"|\x1b\[[46];\d+;\d+t"  # pixels of the window, of a cell
    rb"|\x1b\[\?[\d;]*[cS]"  # DA1, XTSMGRAPHICS
)
_BEGUN = re.compile(rb"\x1b(?:[_P][^\x1b]*\x1b?|\[(?:[46][;\d]*|\?[\d;]*)?)?$")
"""The end of what was read, where it may be the beginning of a reply."""
_NO_KEY = re.compile(rb"\x1b(?:_G|P>|\[\?|\[[46];)")
"""The beginning of a reply that is no beginning of a key."""


def query_terminal(
    forced: ImageMode | None = None,
    *,
    env: Mapping[str, str] = os.environ,
    seconds: float = 1.0,
    reader: int = 0,
    writer: int = 1,
) -> Terminal:
    """Query once what the terminal can show, and wait for its reply; what is typed meanwhile is lost.

    Args:
        forced: the mode in which pictures are shown; the terminal is still asked for the pixels of a cell.
        seconds: how long to wait for the reply.
        reader: file descriptor that the reply is read from.
        writer: file descriptor that the query is written to.
    """
    reply, took = b"", None
    if query := capabilities.query_text(forced, env, reader, writer):
        reply, took = _exchange(query, reader, writer, seconds)
    return capabilities.parse_reply(reply, took, forced, env, reader, writer)


class TerminalQuery:
    """A query whose reply is read while other things are done; within `with`, the tty does not echo the reply.

    Arguments are as in `query_terminal`.
    """

    def __init__(
        self, forced: ImageMode | None = None, *, env: Mapping[str, str] = os.environ, reader: int = 0, writer: int = 1
    ) -> None:
        self._forced, self._env, self._reader, self._writer = forced, env, reader, writer
        self._query = capabilities.query_text(forced, env, reader, writer)
        self._before: list[Any] | None = None
        self._sent = 0.0
        self._took: float | None = None
        self._reply = self._begun = self._typed = b""
        self.is_open = bool(self._query)
        """Whether more of the reply may come."""

    def __enter__(self) -> TerminalQuery:
        if self.is_open:
            try:
                self._before = _disable_echo(self._reader)
                self._sent = time.monotonic()
                _send(self._query, self._writer)
            except (OSError, termios.error):
                self.is_open = False  # the terminal has gone
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(self._reader, termios.TCSANOW, self._before)

    def read_reply(self, seconds: float) -> None:
        """Read what has come of the reply, and wait up to so many seconds for the rest."""
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while self.is_open:
                left = began + seconds - time.monotonic()
                if not select.select([self._reader], [], [], max(0.0, left))[0]:
                    return
                if not (part := os.read(self._reader, 4096)):
                    return
                self._typed += self.filter_input(part)
        if self._took is not None:
            self._took = time.monotonic() - began  # it may have been here long before

    def filter_input(self, data: bytes) -> bytes:
        """Take the reply out of what the terminal sends, and return the rest: the keys.

        What may be the beginning of a reply is kept back, and put before the data of the next call.
        """
        data, self._begun = self._begun + data, b""
        if not self.is_open:
            return data
        self._reply = (self._reply + b"".join(_REPLIES.findall(data)))[:_MAX_REPLY]
        rest = _REPLIES.sub(b"", data)
        if _END.search(self._reply):
            self.is_open, self._took = False, time.monotonic() - self._sent
        elif (begun := _BEGUN.search(rest)) and len(begun[0]) < _MAX_REPLY:
            rest, self._begun = rest[: begun.start()], begun[0]
        return rest

    def take_kept(self) -> bytes:
        """Return, once, the keys that `read_reply` has read, and what was kept back and may be a key."""
        kept, self._typed = self._typed, b""
        if not _NO_KEY.match(self._begun):
            kept, self._begun = kept + self._begun, b""
        return kept

    @property
    def is_done(self) -> bool:
        """Whether no reply is awaited any more, and nothing is kept back."""
        return not (self.is_open or self._typed or self._begun)

    @property
    def terminal(self) -> Terminal:
        """The capabilities of the terminal as known now; takes some milliseconds in tmux, which is queried too."""
        return capabilities.parse_reply(self._reply, self._took, self._forced, self._env, self._reader, self._writer)


def _disable_echo(reader: int) -> list[Any]:
    """Set the tty to unbuffered input without echo; return its earlier attributes."""
    before = termios.tcgetattr(reader)
    raw = termios.tcgetattr(reader)
    raw[3] &= ~(termios.ICANON | termios.ECHO)
    raw[6][termios.VMIN], raw[6][termios.VTIME] = 0, 0
    termios.tcsetattr(reader, termios.TCSANOW, raw)
    return before


def _send(query: str, writer: int) -> None:
    # A terminal that prints what it does not understand has it erased.
    os.write(writer, f"\x1b7{query}\x1b8\x1b[K".encode())


def _exchange(query: str, reader: int, writer: int, seconds: float) -> tuple[bytes, float | None]:
    """Return the reply, and after how many seconds it was complete; None where its end did not come."""
    reply, done, late = b"", False, False
    try:
        before = _disable_echo(reader)
        try:
            start = time.monotonic()
            limit = start + seconds
            _send(query, writer)
            while not done and len(reply) < _MAX_REPLY:
                now = time.monotonic()
                if now >= limit:
                    if late or not reply:
                        break
                    late, limit = True, now + _LATE  # cut off in the middle: its rest must not become somebody's keys
                if not select.select([reader], [], [], min(_SILENCE, limit - now) if late else limit - now)[0]:
                    if late:
                        break
                    continue
                part = os.read(reader, 4096)
                if not part:
                    break
                reply += part
                done = _END.search(reply) is not None
            return reply, time.monotonic() - start if done else None
        finally:
            termios.tcsetattr(reader, termios.TCSAFLUSH, before)
    except (OSError, termios.error):
        return b"", None  # the terminal has gone: there is nobody to show a picture to
