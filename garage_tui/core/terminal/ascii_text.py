"""Symbols in ASCII, for fonts, locales and encodings without them.

Letters stay as they are, whatever their language; each symbol becomes one character of the same width.
"""

from __future__ import annotations

from functools import lru_cache

_SYMBOLS = {
    "…": "~", "·": "|", "•": "*", "–": "-", "—": "-", "−": "-", "‖": "=", "°": "'", "×": "x", "÷": "/", "±": "~",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'", "«": '"', "»": '"', "‹": "<", "›": "-",
    "✓": "+", "✔": "+", "✗": "X", "✘": "X", "●": "*", "○": "o", "◦": "o", "◐": "%", "◌": "!", "◆": "@", "◇": "?",
    "■": "#",
    "▪": ".", "▸": ">", "‣": ">", "▶": ">", "▼": "v", "▲": "^", "↑": "^", "↓": "v", "←": "<", "→": ">", "⏎": "$",
    "␍": "r", "⇥": ">", "≥": ">", "≤": "<", "≈": "~", "≠": "!", "√": "V", "€": "E", "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ", "⁻": "-", "ᵀ": "T", "⭑": "*", "★": "*", "⎮": "|",
    "␛": "e", "⟨": "<", "⟩": ">", "\N{REPLACEMENT CHARACTER}": "#",
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)),
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    **dict(zip("▁▂▃▄▅▆▇█", ".:-=+*%#", strict=True)),  # a sparkline: more ink where more is meant
    **dict.fromkeys("▏▎▍▌▋▊", "="), "▉": "#",
    **dict(zip("▀▐▔▕░▒▓", '"=-|.:%', strict=True)),
}  # fmt: skip
_HORIZONTAL, _VERTICAL = "─┄┅┈┉╌╍═╴╶╺╼╾", "│┃┆┇┊┋╎╏║╵╷╹╻╽╿"
_UPPER_DOTS, _LOWER_DOTS = 0b00011011, 0b11100100
"""The dots of a braille cell, as bits: its upper two rows, its lower two."""


def _box_drawing() -> dict[str, str]:
    """Return the replacements of the box drawing block: lines, and "+" for every corner and crossing."""
    corners = {chr(code): "+" for code in range(0x2500, 0x2580)}
    return (
        corners
        | dict.fromkeys(_HORIZONTAL, "-")
        | dict.fromkeys(_VERTICAL, "|")
        | {"━": "=", "╸": "=", "╱": "/", "╲": "\\", "╳": "X"}
    )


def _braille() -> dict[str, str]:
    """Return the replacements of the braille block, which curves are made of."""

    def sign(dots: int) -> str:
        if not dots:
            return " "
        if not dots & _LOWER_DOTS:
            return "'"
        return ":" if dots & _UPPER_DOTS else "."

    return {chr(0x2800 + dots): sign(dots) for dots in range(256)}


TABLE = str.maketrans(_SYMBOLS | _box_drawing() | _braille())
"""The replacement of each symbol, for `str.translate`."""


@lru_cache(4096)
def in_ascii(text: str) -> str:
    """Return `text` with its symbols in ASCII, as many cells wide as before."""
    return text.translate(TABLE)
