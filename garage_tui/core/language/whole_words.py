"""Where a text stands in another, without a pattern: to make one takes longer than to search a question with it."""

from __future__ import annotations

from collections.abc import Iterator


def spans_of(part: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where a part stands in a text, as (start, end); also where it overlaps with itself."""
    at = text.find(part)
    while at >= 0:
        yield at, at + len(part)
        at = text.find(part, at + 1)


def whole_word_spans(part: str, text: str) -> list[tuple[int, int]]:
    """Return where a part stands in a text with no letter, digit or underscore beside it, from left to right."""
    found: list[tuple[int, int]] = []
    for start, end in spans_of(part, text):
        if found and start < found[-1][1]:
            continue
        if not (_is_in_word(text[start - 1 : start]) or _is_in_word(text[end : end + 1])):
            found.append((start, end))
    return found


def _is_in_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"
