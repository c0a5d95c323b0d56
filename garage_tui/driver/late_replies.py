"""What a terminal answers late, taken out of what it sends before Textual takes it for keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from textual.message import Message

from garage_tui.core.terminal.query import TerminalQuery
from garage_tui.driver.mouse_driver import MouseDriver
from garage_tui.widgets._textual_internals import TerminalParser

_PATIENCE = 0.1
"""Seconds after which what may be the beginning of an answer is taken for keys after all: Esc."""


class _Sifting(TerminalParser):
    """Textual's parser, with a question that is still open."""

    def __init__(self, question: TerminalQuery, answered: Callable[[], object], debug: bool = False) -> None:
        super().__init__(debug)
        self._question, self._answered, self._fed = question, answered, 0.0

    def feed(self, data: str) -> Iterable[Message]:
        """Parse what is not of the answer."""
        was_open = self._question.open
        if was_open and data:
            data = self._question.sift(data.encode(errors="surrogateescape")).decode(errors="replace")
            self._fed = time.monotonic()
            if not self._question.open:
                self._answered()
            if not data:
                return
        yield from super().feed(data)

    def tick(self) -> Iterable[Message]:
        """Parse what was kept back too long; called ten times a second, and after everything that was read."""
        if time.monotonic() - self._fed >= _PATIENCE and (kept := self._question.kept()):
            yield from super().feed(kept.decode(errors="replace"))
        yield from super().tick()


def driver_for(question: TerminalQuery, answered: Callable[[], object]) -> type[MouseDriver]:
    """Return a driver that hears the rest of an answer; `answered` is called once, in its thread."""

    class Driver(MouseDriver):
        def make_parser(self) -> TerminalParser:
            return _Sifting(question, answered, self.is_debugging)

        def awaits_last(self) -> bool:
            return question.open

    return Driver
