"""Characters that a server splits over two pieces of its answer, put together again."""

from __future__ import annotations

import re

_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
_BYTES = re.compile("[\udc80-\udcff]+")
# What may go on in the next piece: a high surrogate, or the first bytes of a character.
_UNFINISHED = re.compile(
    "(?:[\ud800-\udbff]|[\udcc2-\udcf4][\udc80-\udcbf]{0,2})\\Z",
)


def decode_line(data: bytes) -> str:
    """Return UTF-8 as text; bytes of half a character become the surrogates that `CharacterJoiner` knows."""
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


class CharacterJoiner:
    """Joins the halves of characters in a text that arrives in pieces.

    A half is a surrogate (`\\ud83d`, as JSON may escape it), or bytes that are no character alone, as `decode_line`
    returns them. What stays alone is passed on, so that `sanitize.shown` marks it.
    """

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, text: str) -> str:
        """Take a piece, and return what is complete now."""
        text = self._pending + text
        self._pending = ""
        if text.isascii():
            return text
        text = _PAIR.sub(_joined, text)
        unfinished = _UNFINISHED.search(text)
        if unfinished and not _is_character(unfinished[0]):
            self._pending, text = unfinished[0], text[: unfinished.start()]
        return _BYTES.sub(_decoded, text)

    def flush(self) -> str:
        """Return what was held back, after the last piece."""
        pending, self._pending = self._pending, ""
        return _BYTES.sub(_decoded, pending)


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _decoded(half: re.Match[str]) -> str:
    return decode_line(half[0].encode("ascii", "surrogateescape"))


def _is_character(text: str) -> bool:
    try:
        text.encode("ascii", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return False
    return True
