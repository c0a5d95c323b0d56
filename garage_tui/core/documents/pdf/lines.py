"""Lines of a PDF page in reading order: characters put together, columns found."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from garage_tui.core.documents.pdf.characters import Character, PageText

_WORD_GAP = 0.2
"""Of the size of the letters: the gap from which there is a blank between two of them."""
_SPLIT_GAP = 0.8
_CELL_GAP = 2.0
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MIN_COLUMN_LINES = 4
_MIN_FILL = 0.6
"""How much of its width the lines of a column fill; the cells of a table fill less."""


class Fragment(NamedTuple):
    """Characters of one line without a wide gap between them."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: int
    """How many of its characters are bold."""
    monospaced: int


class TextLine(NamedTuple):
    """One line of a page or of a column; in points."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    is_bold: bool
    is_monospaced: bool
    cells: tuple[float, ...]
    """The left edges of its parts, where gaps as wide as between the cells of a table part it."""
    region: int
    """Which column, or part of the page across all columns, it is in; from 0, in reading order."""
    region_left: float
    region_right: float


def read_lines(page: PageText) -> list[TextLine]:
    """Return the lines of a page as a person reads them; what is turned comes after what is not."""
    lines: list[TextLine] = []
    angles = Counter(character.font.angle for character in page.characters if character.text != " ")
    region = 0
    for angle, _ in angles.most_common():
        fragments = list(_fragments(character for character in page.characters if character.font.angle == angle))
        for part in _regions(fragments, depth=0):
            lines += _lines(part, region)
            region += 1
    return lines


def _fragments(characters: Iterable[Character]) -> Iterable[Fragment]:
    """Yield the fragments of characters, in the order in which they were painted."""
    run: list[Character] = []
    for character in characters:
        if run and not _goes_on(run[-1], character):
            yield from _fragment(run)
            run = []
        run.append(character)
    yield from _fragment(run)


def _goes_on(before: Character, character: Character) -> bool:
    size = before.font.size if before.font is character.font else max(before.font.size, character.font.size)
    gap = character.left - before.right
    return -0.4 * size < gap < _SPLIT_GAP * size and abs(character.baseline - before.baseline) < 0.15 * size


def _fragment(run: Sequence[Character]) -> Iterable[Fragment]:
    text: list[str] = []
    sizes: dict[float, int] = {}
    bold = monospaced = 0
    end, blank = run[0].right if run else 0.0, True
    for letter, left, right, _, font in run:
        if letter == " ":
            if not blank:
                text.append(" ")
            blank = True
        else:
            if not blank and left - end > _WORD_GAP * font.size:
                text.append(" ")
            text.append(letter)
            blank = False
            sizes[font.size] = sizes.get(font.size, 0) + 1
            bold += font.is_bold
            monospaced += font.is_monospaced
        end = right
    if not sizes:
        return
    seen = [character for character in run if character.text != " "]
    size = max(sizes, key=lambda one: sizes[one])
    yield Fragment(
        "".join(text).strip(),
        seen[0].left,
        max(character.right for character in seen),
        seen[len(seen) // 2].baseline,
        round(size, 1),
        bold,
        monospaced,
    )


def _regions(fragments: list[Fragment], depth: int) -> list[list[Fragment]]:
    """Return fragments parted into columns and what is across them, in reading order."""
    gutter = _gutter(fragments) if depth < 3 and len(fragments) >= 2 * _MIN_COLUMN_LINES else None
    if gutter is None:
        return [fragments] if fragments else []
    regions: list[list[Fragment]] = []
    left: list[Fragment] = []
    right: list[Fragment] = []
    across: list[Fragment] = []

    def end_columns() -> None:
        for column in (left, right):
            regions.extend(_regions(list(column), depth + 1))
            column.clear()

    for fragment in sorted(fragments, key=lambda one: -one.baseline):
        if fragment.right <= gutter:
            column = left
        elif fragment.left >= gutter:
            column = right
        else:
            if not across:
                end_columns()
            across.append(fragment)
            continue
        if across and fragment.baseline < across[-1].baseline - 0.5 * across[-1].size:
            regions.append(list(across))
            across.clear()
        (across if across else column).append(fragment)
    if across:
        regions.append(list(across))
    end_columns()
    return regions


def _gutter(fragments: Sequence[Fragment]) -> float | None:
    """Return where the space between two columns is; None if there are none."""
    left_edge, right_edge = min(one.left for one in fragments), max(one.right for one in fragments)
    width = right_edge - left_edge
    size = median(one.size for one in fragments)
    if width < 20 * size:
        return None
    total = sum(len(one.text) for one in fragments)
    best: tuple[float, float] | None = None
    x = left_edge + 0.2 * width
    while x < left_edge + 0.8 * width:
        across = sum(len(one.text) for one in fragments if one.left < x < one.right)
        if across <= 0.45 * total and (best is None or across < best[0]) and _are_columns(fragments, x, size):
            best = across, x
        x += max(2.0, 0.3 * size)
    return best[1] if best else None


def _are_columns(fragments: Sequence[Fragment], x: float, size: float) -> bool:
    """Return whether the fragments left and right of `x` are two columns of running text."""
    left = [one for one in fragments if one.right <= x]
    right = [one for one in fragments if one.left >= x]
    if len(left) < _MIN_COLUMN_LINES or len(right) < _MIN_COLUMN_LINES:
        return False
    if min(one.left for one in right) - max(one.right for one in left) < 0.6 * size:
        return False
    tops = [max(one.baseline for one in side) for side in (left, right)]
    bottoms = [min(one.baseline for one in side) for side in (left, right)]
    overlap = min(tops) - max(bottoms)
    if overlap < 0.3 * (max(tops) - min(bottoms)):
        return False  # one above the other, not side by side
    return all(_is_filled(side) for side in (left, right)) or _are_apart(left, right)


def _are_apart(left: Sequence[Fragment], right: Sequence[Fragment]) -> bool:
    """Return whether the lines of two sides stand at heights of their own; the cells of a table share theirs."""
    if min(len(left), len(right)) < 3 * _MIN_COLUMN_LINES:
        return False
    heights = sorted(one.baseline for one in right)
    shared = 0
    for one in left:
        at = bisect_left(heights, one.baseline - 1)
        shared += at < len(heights) and heights[at] <= one.baseline + 1
    return shared < 0.6 * len(left)


def _is_filled(side: Sequence[Fragment]) -> bool:
    """Return whether lines fill their column, as those of running text do."""
    rows: dict[int, tuple[float, float, int]] = {}
    for one in side:
        row: int = round(one.baseline / (0.6 * one.size))
        left, right, count = rows.get(row, (one.left, one.right, 0))
        rows[row] = min(left, one.left), max(right, one.right), count + len(one.text)
    if len(rows) < _MIN_COLUMN_LINES:
        return False
    width = max(right for _, right, _ in rows.values()) - min(left for left, _, _ in rows.values())
    fills = sorted((right - left) / width for left, right, _ in rows.values())
    letters = median(count for _, _, count in rows.values())
    return median(fills) >= _MIN_FILL and letters >= 18


def _lines(fragments: Sequence[Fragment], region: int) -> list[TextLine]:
    """Return the lines of one region, from top to bottom."""
    rows: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda one: -one.baseline):
        row = rows[-1] if rows else None
        if row and abs(max(row, key=lambda one: len(one.text)).baseline - fragment.baseline) < 0.45 * max(
            fragment.size, row[0].size
        ):
            row.append(fragment)
        else:
            rows.append([fragment])
    left, right = min(one.left for one in fragments), max(one.right for one in fragments)
    return [_line(sorted(row, key=lambda one: one.left), region, left, right) for row in rows]


def _line(row: Sequence[Fragment], region: int, region_left: float, region_right: float) -> TextLine:
    main = max(row, key=lambda one: len(one.text))
    text = _raised(row[0], main)
    cells = [row[0].left]
    for before, one in pairwise(row):
        gap = one.left - before.right
        if gap > _CELL_GAP * main.size:
            cells.append(one.left)
        text += (" " if gap > _WORD_GAP * main.size else "") + _raised(one, main)
    letters = len(re.sub(r"\s", "", text)) or 1
    return TextLine(
        text,
        row[0].left,
        max(one.right for one in row),
        main.baseline,
        main.size,
        sum(one.bold for one in row) > 0.8 * letters,
        sum(one.monospaced for one in row) > 0.8 * letters,
        tuple(cells),
        region,
        region_left,
        region_right,
    )


def _raised(fragment: Fragment, main: Fragment) -> str:
    """Return the text of a fragment; raised numbers, as of footnotes and powers, as the characters for them."""
    is_raised = fragment.size < 0.85 * main.size and fragment.baseline > main.baseline + 0.15 * main.size
    return fragment.text.translate(_SUPERSCRIPTS) if is_raised and fragment.text.isdecimal() else fragment.text
