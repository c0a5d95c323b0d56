"""Texts that differ only in case, in blanks, or in how their characters are encoded, compared as equal."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_JOINS = re.compile(
    "[\u00ad\u200b\u2060\ufeff]"
    "|(?<=[A-Za-z\u00aa-\u052f\u1e00-\u1fff])[\u200c\u200d]+|[\u200c\u200d]+(?=[A-Za-z\u00aa-\u052f\u1e00-\u1fff])"
)
"""Characters that nobody sees. A joiner (U+200C, U+200D) counts beside Latin, Greek and Cyrillic letters only: in
Persian and the scripts of India it tells words apart, and it makes one emoji of several."""


def fold(text: str) -> str:
    """Return `text` in lower case and with single spaces, so that texts that differ only in these compare equal.

    They compare equal too where only one of them is composed (`composed`).
    """
    return " ".join((text if text.isascii() else composed(text)).casefold().split())


def composed(text: str) -> str:
    """Return `text` with each letter and its accents as one character, and without characters that nobody sees.

    Compatible characters stay apart (NFC, not NFKC): m² is not m2, and 10⁵ is not 105.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _JOINS.sub("", text) if _UNSEEN.search(text) else text)
