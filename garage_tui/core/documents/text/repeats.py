"""Headers, footers and page numbers: lines that repeat at the same place on many pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

_EDGE_LINES = 3
"""Lines at the top and at the bottom of a page that may be a header or a footer."""
_APART = 1.5
"""Lines between a header and the text; lines of one paragraph have 1.2."""
_NUMBER = re.compile(r"\d+|\b[ivxlcdm]+\b", re.IGNORECASE)
_ONLY_NUMBER = re.compile(
    r"\W*(?:page\s*)?(?:\d{1,4}|[ivxlcdm]{1,7}|[A-Z]-\d+)(?:\s*(?:of|/)\s*\d+)?\W*", re.IGNORECASE
)


class EdgeLine(NamedTuple):
    text: str
    position: float
    """From the edge of the page: in points, or in lines."""
    gap: float = 0.0
    """Space between it and the next line towards the middle of the page, in lines."""


def repeated(pages: Sequence[Sequence[EdgeLine]], tolerance: float, zones: Sequence[float]) -> list[set[int]]:
    """Return for each page the indices of its lines that are header, footer or page number.

    They repeat at the same place, but for their numbers, and stand apart from the text.

    Args:
        pages: for each page its lines at one edge, from the edge inwards.
        tolerance: how far apart two positions may be to be the same.
        zones: for each page the position up to which a line can be a header or a footer.
    """
    edges = [
        [line for line in lines[:_EDGE_LINES] if line.position <= zone]
        for lines, zone in zip(pages, zones, strict=True)
    ]
    where: dict[tuple[str, int], set[int]] = defaultdict(set)  # text without numbers, and slot → pages
    for page, lines in enumerate(edges):
        for line in lines:
            where[_key(line.text), _slot(line, tolerance)].add(page)
    enough = 2 if len(pages) < 5 else 3
    common = {key for key, on in where.items() if len(on) >= enough}
    slots: Counter[int] = Counter()
    for lines in edges:
        slots.update({_slot(line, tolerance) for line in lines if _repeats(line, common, tolerance)})
    return [_found(lines, common, slots, len(pages), tolerance) for lines in edges]


def _found(
    lines: Sequence[EdgeLine], common: set[tuple[str, int]], slots: Counter[int], pages: int, tolerance: float
) -> set[int]:
    """Return the indices of the lines of one page that belong to its header: up to the last one that stands apart."""
    end = 0
    for index, line in enumerate(lines):
        # A title that stands on one page alone, where other pages have a header.
        replaces = sum(slots[slot] for slot in _near(line, tolerance)) >= max(3, 0.4 * pages)
        is_number = pages > 1 and _ONLY_NUMBER.fullmatch(line.text) is not None
        if not (replaces or is_number or _repeats(line, common, tolerance)):
            break
        if line.gap >= _APART:
            end = index + 1
    return set(range(end))


def _repeats(line: EdgeLine, common: set[tuple[str, int]], tolerance: float) -> bool:
    return any((_key(line.text), slot) in common for slot in _near(line, tolerance))


def _key(text: str) -> str:
    return _NUMBER.sub("#", " ".join(text.split()).casefold())


def _slot(line: EdgeLine, tolerance: float) -> int:
    return round(line.position / tolerance)


def _near(line: EdgeLine, tolerance: float) -> range:
    slot = _slot(line, tolerance)
    return range(slot - 1, slot + 2)
