"""Reading of a log of any size in bounded chunks: its end, the lines around a position, and searches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from garage_tui.core.base.safe_open import check_regular, open_regular
from garage_tui.core.base.tail import as_shown

PAGE = 256 * 1024
"""Most bytes of a chunk: some thousands of lines."""
MOST = 5_000
"""Most lines of a chunk."""
FRESH = 64 * 1024
"""Most new bytes at the end that are read at once: nobody can read faster output."""
LONGEST = 16 * 1024
"""Most bytes of a line; a longer one is split, so that it never has to be in memory as a whole."""
_STRIDE = 1024 * 1024
_TAB = 8


@dataclass(frozen=True)
class LogChunk:
    """Consecutive lines of a file, sanitised; of a progress bar's carriage returns only the last state is kept.

    `lines[n]` begins at byte `starts[n]`, and the last one ends before byte `end`.
    """

    lines: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()
    end: int = 0
    rest: str = ""
    """The beginning of the next line, which has no end yet."""

    @property
    def start(self) -> int:
        """The byte with which the first line begins."""
        return self.starts[0] if self.starts else self.end


class LogTail:
    """Reads new lines at the end of a growing log."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end: int | None = None
        self._size = -1

    def read(self) -> LogChunk | None:
        """Return the newest lines; None if there is nothing new.

        If more than `FRESH` bytes have been added since the last call, the chunk begins after a gap: see its `start`.
        """
        size = _size(self.path)
        if size == self._size:
            return None
        if self._end is None or size < self._size or size - self._end > FRESH:
            chunk = lines_before(self.path, size, FRESH, rest=True)
            if not chunk.lines and chunk.rest and self._end is not None and size > self._size:
                chunk = replace(chunk, end=self._end)  # one long progress bar: its line began there
        else:
            chunk = lines_after(self.path, self._end, 2 * FRESH)
            if len(chunk.lines) == MOST:
                chunk = lines_before(self.path, size, FRESH, rest=True)
        self._size, self._end = size, chunk.end
        return chunk


def lines_before(path: Path, end: int, size: int = PAGE, *, rest: bool = False) -> LogChunk:
    """Return the lines in the `size` bytes before byte `end`, the first of them whole.

    Args:
        rest: `end` may be in the middle of a line, whose beginning is returned as `rest`.
    """
    begin, data = _until(path, end, size)
    chunk = _chunk(data, begin, rest)
    return replace(chunk, lines=chunk.lines[-MOST:], starts=chunk.starts[-MOST:])


def lines_after(path: Path, start: int, size: int = PAGE) -> LogChunk:
    """Return the lines in the `size` bytes from byte `start`, with which a line begins."""
    data = _read(path, start, size)
    if len(data) < size:
        chunk = _chunk(data, start, rest=True)
    else:
        cut = data.rfind(b"\n") + 1
        chunk = _chunk(data[:cut] if cut else data, start, rest=False)  # without a line feed: a part of a line
    if len(chunk.lines) <= MOST:
        return chunk
    return LogChunk(chunk.lines[:MOST], chunk.starts[:MOST], chunk.starts[MOST])


def last_lines(path: Path, many: int) -> int:
    """Return the byte with which so many last lines begin; a line that has no end yet is one of them."""
    chunk = lines_before(path, _size(path))
    while len(chunk.lines) < many and chunk.start > 0:
        many -= len(chunk.lines)
        chunk = lines_before(path, chunk.start)
    return chunk.starts[-many] if 0 < many <= len(chunk.starts) else chunk.start if many else chunk.end


def find(
    path: Path, term: str, position: int, *, backwards: bool, goes_on: Callable[[int], bool] = lambda position: True
) -> int | None:
    """Return the byte with which the next line begins that holds `term`, in upper or lower case; None if there is none.

    Args:
        position: a byte with which a line begins. Backwards that line is skipped, forwards it is searched first.
        goes_on: is called with the position of the search; False cancels it.
    """
    term = term.casefold()
    if not term:
        return None
    size = _size(path)
    while goes_on(position) and (position > 0 if backwards else position < size):
        if backwards:
            begin, data = _until(path, position, _STRIDE)
            position = begin
        else:
            begin, data = position, _read(path, position, _STRIDE)
            cut = data.rfind(b"\n") + 1
            data = data[:cut] if cut and begin + len(data) < size else data
            position = begin + len(data)
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
        return  # the fast way, for nearly all of a long log
    for begin, end in _bounds(data):
        if term in _shown(data[begin:end]).casefold():
            yield begin


def _until(path: Path, end: int, size: int) -> tuple[int, bytes]:
    """Return the `size` bytes before byte `end` from where the first line in them begins, and where that is."""
    begin = max(0, end - size)
    data = _read(path, begin, end - begin)
    cut = data.find(b"\n") + 1 if begin else 0
    if cut < len(data):  # else it is the middle of a long line
        begin, data = begin + cut, data[cut:]
    return begin, data


def _chunk(data: bytes, begin: int, rest: bool) -> LogChunk:
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
    """Yield where each line begins and ends; a very long one is split."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        begin = at
        if end - at > LONGEST:  # of a long progress bar only the last state counts
            last = at + len(data[at:end].rstrip(b"\r"))
            begin = max(at, data.rfind(b"\r", at, last) + 1)
        for chunk in range(begin, max(end, begin + 1), LONGEST):
            yield chunk if chunk > begin else at, min(end, chunk + LONGEST)
        at = end + 1


def _shown(raw: bytes) -> str:
    """Return a line as it is painted, with tabs expanded."""
    return as_shown(raw).expandtabs(_TAB)


def _read(path: Path, begin: int, size: int) -> bytes:
    try:
        with open_regular(path) as file:
            there = os.fstat(file.fileno()).st_size - begin  # some files of /proc have no size, and reading them blocks
            file.seek(begin)
            return file.read(max(0, min(size, there)))
    except OSError:
        return b""


def _size(path: Path) -> int:
    try:
        return check_regular(path).st_size
    except OSError:
        return 0
