"""Everything the app paints in ASCII, for fonts and locales without more: one table, used on finished lines.

Letters stay as they are, whatever their language: only signs are exchanged, each for one character of the same width.
"""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = {
    "…": "~", "·": "|", "•": "*", "–": "-", "—": "-", "−": "-", "‖": "=", "°": "'", "×": "x", "÷": "/", "±": "~",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'", "«": '"', "»": '"', "‹": "<", "›": "-",
    "✓": "+", "✔": "+", "✗": "X", "✘": "X", "●": "*", "○": "o", "◦": "o", "◐": "%", "◌": "!", "◆": "@", "■": "#",
    "▪": ".", "▸": ">", "‣": ">", "▶": ">", "▼": "v", "▲": "^", "↑": "^", "↓": "v", "←": "<", "→": ">", "⏎": "$",
    "␍": "r", "⇥": ">", "≥": ">", "≤": "<", "≈": "~", "≠": "!", "√": "V", "€": "E", "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ", "⁻": "-", "ᵀ": "T", "⭑": "*", "⎮": "|",
    "␛": "e", "\N{REPLACEMENT CHARACTER}": "#",
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)),
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    **dict(zip("▁▂▃▄▅▆▇█", ".:-=+*%#", strict=True)),  # a sparkline: more ink where more is meant
    **dict.fromkeys("▏▎▍▌▋▊", "="), "▉": "#",  # the end of a gauge
    **dict(zip("▀▐▔▕░▒▓", '"=-|.:%', strict=True)),
}  # fmt: skip
_HORIZONTAL, _VERTICAL = "─━┄┅┈┉╌╍═╴╶╸╺╼╾", "│┃┆┇┊┋╎╏║╵╷╹╻╽╿"
_UPPER_DOTS, _LOWER_DOTS = 0b00011011, 0b11100100
"""Of a braille cell: its upper two rows of dots, its lower two."""


def _lines() -> dict[str, str]:
    """Return the box drawing block: lines, and "+" for every corner and crossing."""
    corners = {chr(code): "+" for code in range(0x2500, 0x2580)}
    return corners | dict.fromkeys(_HORIZONTAL, "-") | dict.fromkeys(_VERTICAL, "|") | {"╱": "/", "╲": "\\", "╳": "X"}


def _dots() -> dict[str, str]:
    """Return the braille block, of which curves are made."""

    def sign(dots: int) -> str:
        if not dots:
            return " "
        if not dots & _LOWER_DOTS:
            return "'"
        return ":" if dots & _UPPER_DOTS else "."

    return {chr(0x2800 + dots): sign(dots) for dots in range(256)}


TABLE = str.maketrans(_SIGNS | _lines() | _dots())
"""What becomes of each sign; `str.translate` takes it."""
_KEYS = {"←→": "Left/Right", "↑↓": "Up/Down", "⏎": "Enter", "←": "Left", "→": "Right", "↑": "Up", "↓": "Down"}


@lru_cache(4096)
def in_ascii(text: str) -> str:
    """Return `text` with its signs in ASCII, in as many cells as before."""
    return text.translate(TABLE)


def keys_in_words(text: str) -> str:
    """Return keys or help with the keys' names: a "<" for an arrow would be taken for the key "<"."""
    for signs, words in _KEYS.items():
        text = text.replace(signs, words)
    return text


class AsciiFilter(LineFilter):
    """Textual's last step before a line is sent."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the line with its signs in ASCII."""
        return [
            segment if segment.control or segment.text.isascii() else segment._replace(text=in_ascii(segment.text))
            for segment in segments
        ]
