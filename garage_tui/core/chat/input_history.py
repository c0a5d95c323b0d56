"""Earlier lines, as a shell recalls them: up goes back, down comes forward to what was being typed."""

from __future__ import annotations

from collections.abc import Iterable


class InputHistory:
    """The lines that were entered, the oldest first, and where among them one is."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._at = 0
        self._typed = ""

    def add(self, lines: Iterable[str]) -> None:
        """Remember lines, the newest last; one that is there already moves to the end. Begins at the end again."""
        for line in lines:
            if line in self._lines:
                self._lines.remove(line)
            self._lines.append(line)
        self._at, self._typed = len(self._lines), ""

    def back(self, now: str) -> str:
        """Return the line before; `now` is what the field holds, and what stands there stays where there is none."""
        if self._at == len(self._lines) or now != self._lines[self._at]:
            self._at, self._typed = len(self._lines), now  # what was changed is a new line
        if not self._at:
            return now
        self._at -= 1
        if self._lines[self._at] == now and self._at:
            self._at -= 1
        return self._lines[self._at]

    def forward(self, now: str) -> str:
        """Return the line after; beyond the newest what was being typed."""
        if self._at >= len(self._lines) or now != self._lines[self._at]:
            return now
        self._at += 1
        return self._lines[self._at] if self._at < len(self._lines) else self._typed
