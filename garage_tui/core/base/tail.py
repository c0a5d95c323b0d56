"""Reading of a file that another process appends to, in bounded chunks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from garage_tui.core.base.json_text import read_any_json
from garage_tui.core.base.safe_open import check_regular, open_regular
from garage_tui.core.base.sanitize import decoded, plain

CHUNK = 256 * 1024
"""Bytes of one read: at 5 reads a second enough for 20,000 lines/s, and too little to delay a screen."""


class FileFollower:
    """Returns complete new lines of a growing file, from where the last call ended.

    Args:
        path: the file, which need not exist yet.
        tail: start at most so many bytes before the end, at the beginning of a line; None starts at the beginning.
    """

    def __init__(self, path: Path, tail: int | None = None) -> None:
        self.path = path
        self.position = 0
        self._rest = b""
        self._skip_to_newline = False
        self._refused = False
        if tail is not None:
            size = self.size
            if size > tail:
                self.position, self._skip_to_newline = size - tail, True

    @property
    def size(self) -> int:
        """Bytes in the file now; 0 while it is missing or is not a regular file."""
        try:
            return check_regular(self.path).st_size
        except OSError:
            return 0

    @property
    def behind(self) -> bool:
        """True while there is more that can be read."""
        return not self._refused and self.size > self.position

    def read(self, *, final: bool = False) -> list[bytes]:
        """Return the complete lines of the next chunk, without their newlines.

        Args:
            final: the writer has ended, so a last line without a newline is complete.
        """
        try:
            with open_regular(self.path) as file:
                size = os.fstat(file.fileno()).st_size
                if size < self.position:  # replaced by a shorter one
                    self.position, self._rest = 0, b""
                file.seek(self.position)
                data = (
                    file.read(min(CHUNK, size - self.position)) or b""
                )  # nothing of a kernel's file, which has size 0
            self._refused = False
        except OSError:
            self._refused = True
            return []
        self.position += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._skip_to_newline and lines:
            lines, self._skip_to_newline = lines[1:], False
        if (final and self._rest and not self.behind) or len(self._rest) > CHUNK:
            lines.append(self._rest)
            self._rest = b""
        return lines

    def text(self, *, final: bool = False) -> list[str]:
        """Return the next lines sanitised for a terminal; of a progress bar only the last state is kept."""
        return [as_shown(raw) for raw in self.read(final=final)]

    def events(self, *, final: bool = False) -> list[dict[str, Any]]:
        """Return the next lines as JSON objects; damaged and other lines are skipped."""
        found = []
        for raw in self.read(final=final):
            try:
                event = read_any_json(raw)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                found.append(event)
        return found


def as_shown(raw: bytes) -> str:
    """Return a line of a log, sanitised; of text that carriage returns overwrite, only the last part."""
    if b"\r" in raw:
        raw = next((part for part in reversed(raw.split(b"\r")) if part), b"")
    return plain(decoded(raw))
