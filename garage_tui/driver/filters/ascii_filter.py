"""Replaces the symbols that the app paints by ASCII, for fonts and locales without them, on finished lines."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from garage_tui.core.terminal.ascii_text import in_ascii

_KEY_NAMES = {"←→": "Left/Right", "↑↓": "Up/Down", "⏎": "Enter", "←": "Left", "→": "Right", "↑": "Up", "↓": "Down"}


def name_keys(text: str) -> str:
    """Return help with the names of keys instead of their symbols: "<" for an arrow would be taken for the key "<"."""
    for symbol, name in _KEY_NAMES.items():
        text = text.replace(symbol, name)
    return text


class AsciiFilter(LineFilter):
    """Replaces the symbols of each line; Textual calls it before a line is sent."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the line with its symbols in ASCII."""
        return [
            segment if segment.control or segment.text.isascii() else segment._replace(text=in_ascii(segment.text))
            for segment in segments
        ]
