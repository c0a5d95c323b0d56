"""Makes a streamed answer safe to paint."""

from __future__ import annotations

from garage_tui.core.base.sanitize import MAX_MARKS, shown
from garage_tui.core.chat.split_characters import CharacterJoiner


class AnswerCleaner:
    """Makes hidden characters visible in a text that arrives in pieces: its reader may make a fact of it."""

    def __init__(self) -> None:
        self._characters = CharacterJoiner()
        self._pending = self._tail = ""

    def feed(self, text: str) -> str:
        """Take a piece, and return the text that is safe to paint now."""
        return self._clean(self._characters.feed(text))

    def flush(self) -> str:
        """Return what was held back, after the last piece."""
        rest = self._clean(self._characters.flush())
        pending, self._pending = self._pending, ""
        return rest + pending.replace("\r", "\n")

    def _clean(self, text: str) -> str:
        text = self._pending + text
        self._pending = "\r" if text.endswith("\r") else ""  # perhaps the first half of "\r\n"
        text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        clean = shown(self._tail + text)  # marks over one letter may arrive one by one
        new = clean[len(self._tail) :]
        self._tail = clean[-MAX_MARKS:]
        return new
