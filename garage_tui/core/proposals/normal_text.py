"""Text as it is compared: blanks, hyphens, ligatures and quotation marks in one form, and where each stands.

A document and a model that quotes it seldom write the same signs: the one has `ﬁ`, `“`, a soft
hyphen or a line end in a word, the other has not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from garage_tui.core.base.sanitize import UNSEEN

_LIGATURES = {
    "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "Ĳ": "IJ", "ĳ": "ij", "…": "...",
}  # fmt: skip
_HYPHENS = "-\u2010\u2011\u2212\ufe63\uff0d"
_DASHES = "\u2012\u2013\u2014\u2015"
_DASH = "\u2014"
_SINGLE = "'‘’‚‛‹›´`′ʼ＇"
_DOUBLE = '"“”„‟«»″＂「」『』'
_UNSEEN = re.compile(f"[{UNSEEN}]")
_WIDE = range(0xFF01, 0xFF5F)
"""The forms of ASCII characters that are as wide as Chinese ones."""
_EMPHASIS = "*"
MIN_QUOTE = 3
"""Words of a quote below which it proves nothing: "of the" stands in every passage."""


@dataclass(frozen=True)
class NormalText:
    """A text as it is searched, and where each of its characters stands in the original."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def find(self, other: NormalText, begin: int = 0) -> tuple[int, int] | None:
        """Return where another text stands in the original as whole words, as (start, end); None where it does not."""
        part = other.text.strip(" .,;:-")
        if not part:
            return None
        at = self.text.find(part, begin)
        while at >= 0:
            end = at + len(part)
            if not (_joined(self.text, at) or _joined(self.text, end)):
                return self.starts[at], self.ends[end - 1]
            at = self.text.find(part, at + 1)
        return None


def unify(text: str) -> str:
    """Return a text with ASCII hyphens, quotation marks and blanks, without ligatures and soft hyphens; case stays."""
    return "".join("-" if sign == _DASH else sign for sign, _, _ in _units(text))


def normal_text(text: str) -> NormalText:
    """Return a text in the form in which quotes are searched for.

    It is in lower case, with single blanks, without hyphens within words (also at the end of a line), and without the
    quotation marks and stars around words.
    """
    signs: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    units = list(_units(text))
    for index, (sign, start, end) in enumerate(units):
        before, after = signs[-1] if signs else " ", _next(units, index)
        if sign.isspace():
            if before == " " or (before == "\0" and after.isalpha()):
                continue
            sign = " "
        elif sign == "-" and before.isalpha() and after.isalpha() and not _spaced_before(units, index):
            sign = "\0"  # dropped below; a blank after it is dropped too: "high- quality", "inter-\noperability"
        elif (sign == "'" and not (before.isalnum() and after.isalpha() and _touches(units, index))) or (
            sign == '"' and not before.isdigit()
        ):
            continue  # no apostrophe but a quotation mark
        elif sign in _EMPHASIS:
            continue
        elif sign == _DASH:  # 10–20 is written 10-20, and between words with blanks or without
            sign = "-" if before.isdigit() and after.isdigit() else "- " if before == " " else " - "
        for letter in sign.casefold():
            signs.append(letter)
            starts.append(start)
            ends.append(end)
    kept = [index for index, sign in enumerate(signs) if sign != "\0"]
    return NormalText(
        "".join(signs[index] for index in kept),
        tuple(starts[index] for index in kept),
        tuple(ends[index] for index in kept),
    )


def find_quote(quote: str, text: str | NormalText) -> tuple[int, int] | None:
    """Return where a quote stands in a text as (start, end), by string search in the normal form of both.

    None where it is not there, or has fewer than three words.
    """
    part = normal_text(quote)
    if len(part.text.split()) < MIN_QUOTE:
        return None
    return (normal_text(text) if isinstance(text, str) else text).find(part)


def _units(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each character in its plain form, with where it stands: a letter and its combining marks are one."""
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        sign = unicodedata.normalize("NFC", text[at:end]) if end > at + 1 else text[at]
        if sign[0] > "\x7f" and _is_unseen(sign[0]):
            sign = sign[1:]  # a mark that was put on it stays
        elif sign in _LIGATURES:
            sign = _LIGATURES[sign]
        elif sign in _HYPHENS:
            sign = "-"
        elif sign in _DASHES:
            sign = _DASH
        elif sign in _SINGLE:
            sign = "'"
        elif sign in _DOUBLE:
            sign = '"'
        elif len(sign) == 1 and ord(sign) in _WIDE:
            sign = chr(ord(sign) - 0xFEE0)
        elif sign.isspace() and sign != "\n":
            sign = " "
        for letter in sign if len(sign) > 1 and sign.isascii() else [sign]:
            if letter:
                yield letter, at, end
        at = end


def _is_unseen(sign: str) -> bool:
    return not sign.isspace() and _UNSEEN.match(sign) is not None


def _next(units: list[tuple[str, int, int]], index: int) -> str:
    """Return the next character that is no blank; a space where there is none."""
    return next((sign for sign, _, _ in units[index + 1 : index + 80] if not sign.isspace()), " ")


def _touches(units: list[tuple[str, int, int]], index: int) -> bool:
    return index + 1 < len(units) and not units[index + 1][0].isspace()


def _spaced_before(units: list[tuple[str, int, int]], index: int) -> bool:
    return index > 0 and units[index - 1][0].isspace()


def _joined(text: str, at: int) -> bool:
    """Return whether a word goes on over a position: "able" in "unable"."""
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()
