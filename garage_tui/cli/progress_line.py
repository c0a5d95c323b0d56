"""The progress of a command on stderr: one line that changes in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time

from garage_tui.core.base.phase import Phase
from garage_tui.core.base.sanitize import one_line

_REPORT_SECONDS = 5.0


class ProgressLine:
    """Shows what a command does now, and how much of it is done."""

    def __init__(self) -> None:
        self._phase = Phase("")
        self._printed = 0.0
        self._width = 0
        self._in_place = sys.stderr.isatty()

    def say(self, text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None:
        """Show a phase, as `core.base.phase.Say` has it."""
        new = text != self._phase.text
        self._phase = Phase(one_line(text, 200), done, total, unit, time.time() if new else self._phase.started)
        if self._in_place:
            line = self._phase.describe()
            print("\r" + line.ljust(self._width), end="", file=sys.stderr, flush=True)
            self._width = len(line)
        elif new or time.monotonic() - self._printed > _REPORT_SECONDS:
            print(self._phase.describe(), file=sys.stderr, flush=True)
            self._printed = time.monotonic()

    def close(self) -> None:
        """Leave the terminal's line empty."""
        if self._width:
            print("\r" + " " * self._width, end="\r", file=sys.stderr, flush=True)
            self._width = 0
