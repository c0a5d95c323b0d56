"""The last door of a command's words: whatever a command prints reaches a terminal cleaned, wherever it came from.

Commands clean outside text themselves where they know what it is (`core/base/sanitize.py`). Names, paths and errors
come from too many sources for that alone, those included that argparse repeats.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from garage_tui.core.base.sanitize import plain


class SafeStdout:
    """A text stream that cleans what is written to it; all else is the stream's own.

    A carriage return that begins what is written stays: a command writes over its own line with it.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write `text`, clean, and return its length; what the stream's encoding lacks becomes a `?`."""
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
def outlets() -> Iterator[None]:
    """Put an outlet before stdout and stderr for a while."""
    was = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (SafeStdout(stream) if stream else stream for stream in was)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = was


def behind(stream: TextIO) -> TextIO:
    """Return the stream itself, for whoever writes escape sequences of our own and cleans what is between them."""
    return stream.stream if isinstance(stream, SafeStdout) else stream
