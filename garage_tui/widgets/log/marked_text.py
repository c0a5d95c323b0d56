"""A line of text in which what was searched for is marked."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style


def mark_term(text: str, term: str, style: Style, marked: Style) -> list[Segment]:
    """Return the segments of a text, with each occurrence of `term` in the style `marked`.

    Args:
        term: in lower case; the text is as long in lower case as it is.
    """
    low, segments, start = text.casefold(), [], 0
    while (found := low.find(term, start)) >= 0:
        end = found + len(term)
        segments += [Segment(text[start:found], style), Segment(text[found:end], marked)]
        start = end
    return [*segments, Segment(text[start:], style)]
