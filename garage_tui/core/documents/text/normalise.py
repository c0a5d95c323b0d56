"""Normalised text: ligatures split, blanks joined, hyphenation at line ends undone, control characters taken out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from garage_tui.core.base.sanitize import plain

_LIGATURES = str.maketrans(
    {0xFB00 + index: text for index, text in enumerate(("ff", "fi", "fl", "ffi", "ffl", "st", "st"))}
)
_HYPHENS = "-\u2010\u00ad"
_SOFT_HYPHEN = "\u00ad"
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_IDEOGRAPH = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
_KEPT_PREFIXES = {"non", "self", "well", "ex", "all", "half", "cross"}
"""What is usually written with a hyphen, though a line may end after it."""


def normalise(text: str) -> str:
    """Return a text on one line: composed characters (NFC), ligatures split, each run of blanks as one blank."""
    text = text.translate(_LIGATURES)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(plain(text.replace("\x0b", "\n").replace("\x0c", "\n")).split())


def normalise_code(text: str) -> str:
    """Return lines of code: their indentation stays, blank lines go."""
    lines = (plain(line.expandtabs(4).translate(_LIGATURES)).rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


class LineJoiner:
    """Joins the lines of a paragraph. Of a hyphen at a line's end, the document's own words decide whether it stays."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        """Args:
        lines: all lines of the document, to know its words.
        """
        self._known: set[str] = set()
        for line in lines:
            self._known.update(word.casefold() for word in _WORD.findall(line.rstrip(_HYPHENS)))

    def join(self, lines: Sequence[str]) -> str:
        """Return lines as one normalised text."""
        joined = ""
        for line in lines:
            line = line.strip()
            if line:
                joined = self._joined(joined, line) if joined else line
        return normalise(joined)

    def _joined(self, before: str, line: str) -> str:
        if before[-1] in _HYPHENS and len(before) > 1:
            if before[-1] == _SOFT_HYPHEN:
                return before[:-1] + line
            if before[-2].isalpha() and line[0].isalpha():
                return (before[:-1] if self._is_hyphenation(before, line) else before) + line
            if before[-2].isalnum():
                return before + line  # 2019-/2020, a/b-/c
        if re.search(r"\S/$", before):  # a path, or two words with a slash between them
            return before + line
        if _IDEOGRAPH.match(before[-1]) and _IDEOGRAPH.match(line[0]):
            return before + line
        return f"{before} {line}"

    def _is_hyphenation(self, before: str, line: str) -> bool:
        """Return whether the hyphen at the end of `before` only breaks a word."""
        if not line[0].islower():
            return False
        token = before.rsplit(None, 1)[-1]
        if token.startswith("-") or re.search(r"[/_\d=@.]", token):  # an option, a path, a version
            return False
        first = _WORD.findall(token[:-1])[-1]
        second = re.match(r"[^\W\d_]+", line)
        assert second
        whole, compound = (first + second[0]).casefold(), f"{first}-{second[0]}".casefold()
        if whole in self._known:
            return True
        return compound not in self._known and first.casefold() not in _KEPT_PREFIXES
