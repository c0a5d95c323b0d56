"""Sanitises everything that a command prints to stdout and stderr, wherever it came from.

Commands sanitise text from outside themselves where they know what it is (`core/base/sanitize.py`). Names, paths and
errors come from too many sources for that alone, argparse's messages included.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from garage_tui.core.base.sanitize import plain


class SafeStdout:
    """A text stream that sanitises what is written to it; all else is the stream's own.

    A leading carriage return stays: a command writes over its own line with it.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write `text`, sanitised, and return its length; characters that the encoding lacks become a `?`."""
        clean = "\r" * text.startswith("\r") + plain(text.removeprefix("\r"))
        try:
            self.stream.write(clean)
        except UnicodeEncodeError:  # a terminal without UTF-8
            encoding = self.stream.encoding or "ascii"
            self.stream.write(clean.encode(encoding, "replace").decode(encoding))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def safe_streams() -> Iterator[None]:
    """Sanitise what is written to stdout and stderr within `with`."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (SafeStdout(stream) if stream else stream for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def unwrapped(stream: TextIO) -> TextIO:
    """Return the stream itself, for code that writes escape sequences of its own and sanitises what is between them."""
    return stream.stream if isinstance(stream, SafeStdout) else stream
