"""Detection of a model that repeats itself: the end of its answer is one piece of text, again and again.

The rule, as the guide says it: the same piece at least four times in a row, and at least 240 bytes of it; in a table or
a block of code, where rows may well be alike, at least twelve times and 960 bytes. Numbers of list items do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LEAST_BYTES = 240
"""Shortest stretch of repeated text, in bytes of UTF-8: about 45 English words, or 80 Chinese characters."""
LEAST_TIMES = 4
"""How often a piece has to follow itself."""
_PATIENCE = 4
"""A table or a block of code has to be longer by this factor, and repeat a piece three times as often."""
_WINDOW = 4000
"""Bytes at the end of the answer that are examined; a piece may be a quarter of them long."""
_PROBE = 16
"""Bytes at the end whose earlier places are possible beginnings of the repeated piece."""
_EVERY = 48
"""Characters between two examinations."""
_NUMBER = re.compile(r"^[ \t]*(?:\d{1,6}[.):]|[-*+•])[ \t]+", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


class RepetitionDetector:
    """Reads an answer as it arrives, and finds out when its end only repeats itself."""

    def __init__(self) -> None:
        self._tail = ""
        self._unread = 0
        self._in_code = False
        self._line = ""
        """The line that is not complete yet: its beginning may be a code fence."""

    def feed(self, text: str) -> bool:
        """Take the next piece of the answer; return whether the model repeats itself by now."""
        *lines, last = (self._line + text).split("\n")
        self._in_code ^= sum(bool(_FENCE.match(line)) for line in lines) % 2 == 1
        self._line = last if len(last) < 200 else last[:200]
        self._tail = (self._tail + text)[-2 * _WINDOW :]
        self._unread += len(text)
        if self._unread < _EVERY:
            return False
        self._unread = 0
        return _repeats(self._tail, self._in_code)


def is_repetition(answer: str) -> bool:
    """Return whether a whole answer ends with the model repeating itself."""
    return RepetitionDetector().feed(answer)


def _repeats(text: str, in_code: bool) -> bool:
    data = _SPACE.sub(" ", _NUMBER.sub("• ", text)).strip().encode(errors="replace")[-_WINDOW:]
    # In a table the newest complete line begins with a bar.
    lines = text.rstrip("\n").rsplit("\n", 2)
    patient = in_code or any(line.lstrip().startswith("|") for line in lines[-2:])
    least, times = (LEAST_BYTES * _PATIENCE, 3 * LEAST_TIMES) if patient else (LEAST_BYTES, LEAST_TIMES)
    return any(data[-size:-period] == data[period - size :] for period, size in _candidates(data, least, times))


def _candidates(data: bytes, least: int, times: int) -> Iterator[tuple[int, int]]:
    """Yield each distance at which the last bytes of `data` stand too, with the size of the stretch to compare."""
    end = data[-_PROBE:]
    at = len(data) - len(end)
    while (at := data.rfind(end, 0, at + len(end) - 1)) >= 0:
        period = len(data) - len(end) - at
        size = max(least, times * period)
        if size > len(data):
            return
        yield period, size
