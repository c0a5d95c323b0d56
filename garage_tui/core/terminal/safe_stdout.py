"""Sanitises everything that a command prints to stdout and stderr, wherever it came from.

Commands sanitise text from outside themselves where they know what it is (`core/base/sanitize.py`). Names, paths and
errors come from too many sources for that alone, argparse's messages included.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO, TextIO

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import plain


class OutputError(GarageError):
    """What a command prints cannot be written: the disk is full, the other end is gone."""


class SafeStdout:
    """A text stream that sanitises what is written to it; all else is the stream's own.

    A leading carriage return stays: a command writes over its own line with it. Where the stream takes nothing more,
    `write` and `flush` raise `OutputError`, or BrokenPipeError if its reader has left.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write `text`, sanitised, and return its length.

        Where the stream's encoding lacks a character, symbols become ASCII, and letters a `?`.
        """
        clean = "\r" * text.startswith("\r") + plain(text.removeprefix("\r"))
        with _named():
            try:
                self.stream.write(clean)
            except UnicodeEncodeError:  # a terminal without UTF-8
                from garage_tui.core.terminal.ascii_text import in_ascii

                encoding = self.stream.encoding or "ascii"
                self.stream.write(in_ascii(clean).encode(encoding, "replace").decode(encoding))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with _named():
            self.stream.flush()

    @property
    def buffer(self) -> SafeBuffer:
        """The stream for bytes, which are written as they are."""
        return SafeBuffer(self.stream.buffer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class SafeStderr(SafeStdout):
    """stderr: as `SafeStdout`, but what it does not take is dropped. No command fails because nobody hears of it."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OutputError, BrokenPipeError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OutputError, BrokenPipeError):
            super().flush()


class SafeBuffer:
    """A stream for bytes, whose errors are those of `SafeStdout`; all else is the stream's own."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def write(self, data: bytes) -> int:
        with _named():
            return self.stream.write(data)

    def flush(self) -> None:
        with _named():
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(f"the output cannot be written: {why}; free some space, or send it elsewhere") from error


@contextlib.contextmanager
def safe_streams() -> Iterator[None]:
    """Sanitise what is written to stdout and stderr within `with`; a stream that is closed takes everything."""
    before = sys.stdout, sys.stderr
    _open_closed_streams()
    sys.stdout, sys.stderr = SafeStdout(sys.stdout), SafeStderr(sys.stderr)
    try:
        yield
    finally:
        drop_what_cannot_be_written()
        sys.stdout, sys.stderr = before


def drop_what_cannot_be_written() -> None:
    """Have Python, which writes the rest when it ends, not complain of a stream that takes nothing more."""
    for stream in map(unwrapped, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, stream.fileno())
                os.close(nothing)


def _open_closed_streams() -> None:
    """Open what the shell has closed (`>&-`): the next file that is opened would get its number, and the output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:  # the lowest free number: only of a standard stream that is open by now
                os.dup2(opened, number)
                os.close(opened)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def unwrapped(stream: TextIO | SafeStdout) -> TextIO:
    """Return the stream itself, for code that writes escape sequences of its own and sanitises what is between them."""
    return stream.stream if isinstance(stream, SafeStdout) else stream
