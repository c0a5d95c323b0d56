"""A log of any size, a bounded piece at a time: its end, what stands before and after a place, and where a word is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from garage_tui.core.base.safe_open import check_regular, open_regular
from garage_tui.core.base.tail import as_shown

PAGE = 256 * 1024
"""Bytes of a piece at the most: some thousands of lines."""
MOST = 5_000
"""Lines of a piece at the most."""
FRESH = 64 * 1024
"""Bytes of the end that are shown at once: of what pours in faster nobody reads more."""
LONGEST = 16 * 1024
"""Bytes of a line; a longer one is broken, so that nothing has to hold it whole."""
_STRIDE = 1024 * 1024
_TAB = 8


@dataclass(frozen=True)
class LogChunk:
    """Lines that follow one another in a file, clean, of a progress bar's carriage returns the last state.

    `lines[n]` begins at byte `starts[n]`, and the last one ends before byte `end`.
    """

    lines: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()
    end: int = 0
    rest: str = ""
    """What is written of the line after these, which has no end yet."""

    @property
    def start(self) -> int:
        """The byte with which the first line begins."""
        return self.starts[0] if self.starts else self.end


class LogTail:
    """What is new at the end of a log that somebody writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end: int | None = None
        self._size = -1

    def read(self) -> LogChunk | None:
        """Return the newest lines; None where there is nothing new.

        Where more than `FRESH` bytes have come since the last time, the piece begins after a gap: see its `start`.
        """
        size = _size(self.path)
        if size == self._size:
            return None
        if self._end is None or size < self._size or size - self._end > FRESH:
            piece = before(self.path, size, FRESH, rest=True)
            if not piece.lines and piece.rest and self._end is not None and size > self._size:
                piece = replace(piece, end=self._end)  # one long progress bar: its line began there
        else:
            piece = after(self.path, self._end, 2 * FRESH)
            if len(piece.lines) == MOST:
                piece = before(self.path, size, FRESH, rest=True)
        self._size, self._end = size, piece.end
        return piece


def before(path: Path, end: int, size: int = PAGE, *, rest: bool = False) -> LogChunk:
    """Return the lines in the `size` bytes before byte `end`, the first of them whole.

    Args:
        rest: `end` may be in the midst of a line, whose beginning is told as such.
    """
    begin, data = _until(path, end, size)
    piece = _piece(data, begin, rest)
    return replace(piece, lines=piece.lines[-MOST:], starts=piece.starts[-MOST:])


def after(path: Path, start: int, size: int = PAGE) -> LogChunk:
    """Return the lines in the `size` bytes from byte `start`, with which a line begins."""
    data = _read(path, start, size)
    if len(data) < size:
        piece = _piece(data, start, rest=True)
    else:
        cut = data.rfind(b"\n") + 1
        piece = _piece(data[:cut] if cut else data, start, rest=False)  # without an end in sight, a piece of a line
    if len(piece.lines) <= MOST:
        return piece
    return LogChunk(piece.lines[:MOST], piece.starts[:MOST], piece.starts[MOST])


def last_lines(path: Path, many: int) -> int:
    """Return the byte with which so many last lines begin; one that has no end yet is one of them."""
    piece = before(path, _size(path))
    while len(piece.lines) < many and piece.start > 0:
        many -= len(piece.lines)
        piece = before(path, piece.start)
    return piece.starts[-many] if 0 < many <= len(piece.starts) else piece.start if many else piece.end


def find(
    path: Path, term: str, place: int, *, backwards: bool, goes_on: Callable[[int], bool] = lambda place: True
) -> int | None:
    """Return the byte with which the next line begins that holds `term`, in any case; None where none does.

    Args:
        place: a byte with which a line begins. Backwards that line is left out, forwards it is looked at first.
        goes_on: is told how far the search has come; False gives it up.
    """
    term = term.casefold()
    if not term:
        return None
    size = _size(path)
    while goes_on(place) and (place > 0 if backwards else place < size):
        if backwards:
            begin, data = _until(path, place, _STRIDE)
            place = begin
        else:
            begin, data = place, _read(path, place, _STRIDE)
            cut = data.rfind(b"\n") + 1
            data = data[:cut] if cut and begin + len(data) < size else data
            place = begin + len(data)
        if not data:
            return None
        found = [begin + at for at in _matches(data, term)]
        if found:
            return found[-1] if backwards else found[0]
    return None


def _matches(data: bytes, term: str) -> Iterator[int]:
    """Yield where the lines begin that hold the term, as they are shown."""
    searched = term.encode()
    if term.isascii() and b"\x1b" not in data and searched not in data.lower():
        return  # quickly, for nearly all of a long log
    for begin, end in _bounds(data):
        if term in _shown(data[begin:end]).casefold():
            yield begin


def _until(path: Path, end: int, size: int) -> tuple[int, bytes]:
    """Return the `size` bytes before byte `end` from where the first line in them begins, and where that is."""
    begin = max(0, end - size)
    data = _read(path, begin, end - begin)
    cut = data.find(b"\n") + 1 if begin else 0
    if cut < len(data):  # else it is the inside of a long line
        begin, data = begin + cut, data[cut:]
    return begin, data


def _piece(data: bytes, begin: int, rest: bool) -> LogChunk:
    """Return the lines of some bytes; with `rest`, what follows the last newline is the beginning of a line."""
    cut = data.rfind(b"\n") + 1
    written = data[cut:]
    if not rest or (len(written) > LONGEST and b"\r" not in written[-LONGEST:]):
        cut, written = len(data), b""
    lines, starts = [], []
    for at, end in _bounds(data[:cut]):
        lines.append(_shown(data[at:end]))
        starts.append(begin + at)
    return LogChunk(tuple(lines), tuple(starts), begin + cut, _shown(written))


def _bounds(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each line begins and ends; a very long one is broken."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        begin = at
        if end - at > LONGEST:  # of a long progress bar only the last state counts
            last = at + len(data[at:end].rstrip(b"\r"))
            begin = max(at, data.rfind(b"\r", at, last) + 1)
        for piece in range(begin, max(end, begin + 1), LONGEST):
            yield piece if piece > begin else at, min(end, piece + LONGEST)
        at = end + 1


def _shown(raw: bytes) -> str:
    """Return a line as it is painted: a tab is as wide as it is at that place."""
    return as_shown(raw).expandtabs(_TAB)


def _read(path: Path, begin: int, size: int) -> bytes:
    try:
        with open_regular(path) as file:
            there = os.fstat(file.fileno()).st_size - begin  # some files of /proc have none, and are waited for
            file.seek(begin)
            return file.read(max(0, min(size, there)))
    except OSError:
        return b""


def _size(path: Path) -> int:
    try:
        return check_regular(path).st_size
    except OSError:
        return 0
