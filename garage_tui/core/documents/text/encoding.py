"""Which encoding a text has."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSED = 200_000
"""Bytes that the guess is made of; more would take seconds."""
_PLAUSIBLE = re.compile(
    r"cp125\d|cp437|cp85[0258]|cp866|cp932|cp949|cp950|latin_1|iso8859_\d+|koi8_[rtu]|big5|gb\w*|shift_jis\w*|euc_\w+|mac_\w+|iso2022\w*"
)


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Return a text and a note on its encoding, which is empty if nothing had to be guessed.

    A byte order mark counts first, then the encoding that the file declares, then UTF-8, then a guess.

    Args:
        declared: the encoding as the file or the server names it, if any.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, errors="replace"), ""
    for name in filter(None, (declared, "utf-8")):
        try:
            return data.decode(_codec(name)), ""
        except (UnicodeError, LookupError):
            continue
    if name := _wide(data):
        return data.decode(name, errors="replace"), f"no byte order mark: read as {name.upper()}"
    name = _guess(data)
    try:
        return data.decode(name), f"not UTF-8: read as {name}, which is a guess"
    except (UnicodeError, LookupError):
        return data.decode("latin-1"), "neither UTF-8 nor another encoding that is known: read as Latin-1"


def is_text(text: str) -> bool:
    """Return whether a decoded text is text: hardly a control character in it, and no NUL."""
    sample = text[:_GUESSED]
    odd = sum(1 for character in sample if character < " " and character not in "\t\n\r\f\b\x1b")
    return "\0" not in sample and odd <= max(8, 0.005 * len(sample)) and sample.count("\ufffd") <= 0.1 * len(sample)


def _codec(name: str) -> str:
    """Return the codec of a declared encoding; browsers read these two as windows-1252, and so do their authors.

    Raises:
        LookupError: there is none, or it does not make text of bytes.
    """
    found = codecs.lookup(name)
    if not found._is_text_encoding or found.name in ("idna", "punycode", "unicode_escape", "raw_unicode_escape"):
        raise LookupError(name)
    return "cp1252" if found.name in ("iso8859-1", "ascii") else found.name


def _wide(data: bytes) -> str:
    """Return UTF-16 as the data has it, by its NUL bytes; or an empty text."""
    sample = data[:4000]
    if len(sample) < 4:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * len(sample) / 2 and not even:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * len(sample) / 2 and not odd else ""


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_GUESSED]).best()
    if best and _PLAUSIBLE.fullmatch(best.encoding):
        return best.encoding
    return "cp1252"
