"""Cuts the parts that arrive from a pipe into lines; a line of many parts is put together once."""

from __future__ import annotations


class LineSplitter:
    """The parts so far of a line that has not ended."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def add(self, part: bytes) -> list[bytes]:
        """Return the lines that end in a new part, without their line feeds.

        A part without one is only kept: to join it to those before it each time would take minutes for a line of 60 MB,
        such as a whole book is.
        """
        first, *more = part.split(b"\n")
        if not more:
            self._parts.append(part)
            return []
        whole = b"".join([*self._parts, first])
        *lines, rest = more
        self._parts = [rest] if rest else []
        return [whole, *lines]
