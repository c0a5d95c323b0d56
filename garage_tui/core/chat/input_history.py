"""History of an input field, as a shell has it: up goes back, down comes forward to the line being typed."""

from __future__ import annotations

from collections.abc import Iterable


class InputHistory:
    """The lines that were entered, the oldest first, and the position in them."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._position = 0
        self._draft = ""

    def add(self, lines: Iterable[str]) -> None:
        """Append lines, the newest last, and go to the end; a line that is there already moves to the end."""
        for line in lines:
            if line in self._lines:
                self._lines.remove(line)
            self._lines.append(line)
        self._position, self._draft = len(self._lines), ""

    def recall(self, line: str, current: str) -> str:
        """Go to a line that was entered, as the newest, and return it; what was being typed comes after it.

        Args:
            current: the content of the field.
        """
        draft = self._draft if current in self._lines else current
        self.add([line])
        self._position, self._draft = len(self._lines) - 1, draft
        return line

    def back(self, current: str) -> str:
        """Return the line before, or `current` if there is none.

        Args:
            current: the content of the field.
        """
        if self._position == len(self._lines) or current != self._lines[self._position]:
            self._position, self._draft = len(self._lines), current  # an edited line is a new one
        if not self._position:
            return current
        self._position -= 1
        if self._lines[self._position] == current and self._position:
            self._position -= 1
        return self._lines[self._position]

    def forward(self, current: str) -> str:
        """Return the line after, and after the newest the line being typed; `current` if there is none."""
        if self._position >= len(self._lines) or current != self._lines[self._position]:
            return current
        self._position += 1
        return self._lines[self._position] if self._position < len(self._lines) else self._draft
