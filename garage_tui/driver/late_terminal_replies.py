"""Filters a late reply of the terminal out of its input, before Textual takes it for keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from textual.message import Message

from garage_tui.core.terminal.query import TerminalQuery
from garage_tui.driver.mouse_driver import MouseDriver
from garage_tui.widgets._textual_internals import TerminalParser

_PATIENCE = 0.1
"""Seconds after which what may be the beginning of a reply is taken for keys after all: Esc."""


class _ReplyFilter(TerminalParser):
    """Textual's parser, behind a query whose reply may still come."""

    def __init__(self, query: TerminalQuery, on_reply: Callable[[], object], debug: bool = False) -> None:
        super().__init__(debug)
        self._query, self._on_reply, self._last_feed = query, on_reply, 0.0

    def feed(self, data: str) -> Iterable[Message]:
        """Parse what does not belong to the reply."""
        was_open = self._query.is_open
        if was_open and data:
            data = self._query.filter_input(data.encode(errors="surrogateescape")).decode(errors="replace")
            self._last_feed = time.monotonic()
            if not self._query.is_open:
                self._on_reply()
            if not data:
                return
        yield from super().feed(data)

    def tick(self) -> Iterable[Message]:
        """Parse what was kept back too long; called ten times a second, and after everything that was read."""
        if time.monotonic() - self._last_feed >= _PATIENCE and (kept := self._query.take_kept()):
            yield from super().feed(kept.decode(errors="replace"))
        yield from super().tick()


def driver_for(query: TerminalQuery, on_reply: Callable[[], object]) -> type[MouseDriver]:
    """Return a driver class that reads the rest of a reply.

    Args:
        on_reply: called once, in the driver's thread, when the reply is complete.
    """

    class Driver(MouseDriver):
        def make_parser(self) -> TerminalParser:
            return _ReplyFilter(query, on_reply, self.is_debugging)

        def awaits_last(self) -> bool:
            return query.is_open

    return Driver
