"""Paragraphs of a PDF: its lines put together, within a column, over columns and over pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from garage_tui.core.documents.pdf.lines import TextLine
from garage_tui.core.documents.text.blocks import BlockKind

BULLET = re.compile(r"(?:[•◦▪‣∙·●○■□▸►✓✗*–—-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\[\d{1,3}\])\s+(?=\S)")
_LONE_BULLET = re.compile(r"[•◦▪‣∙●○■□▸►–—]")
_ENDS = re.compile(r"[.!?:;。！？][\"'”’»)\]]*$")
_DOT_LEADERS = re.compile(r"(?:\.\s?){4,}\s*[\dxivlc-]*\s*$|(?:\s\.){3,}")
_NEXT_LINE = 1.6
"""Of the size of the letters: the distance above which a line is not the next one of a paragraph."""


_FOOTNOTE = 0.93
"""Of the size of running text: what is smaller is a footnote, a caption or the like."""


class Paragraph:
    """Lines that belong together, before the hyphens at their ends are undone."""

    def __init__(self, kind: BlockKind, page: int, line: TextLine) -> None:
        self.kind: BlockKind = kind
        self.page = page
        self.lines = [line]
        self.is_open = False
        """The last line fills its column and no sentence ends there: it may go on in the next column or page."""

    @property
    def first(self) -> TextLine:
        return self.lines[0]

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def is_bold(self) -> bool:
        return all(line.is_bold for line in self.lines)

    @property
    def size(self) -> float:
        return Counter({line.size: len(line.text) for line in self.lines}).most_common(1)[0][0]


class Layout(NamedTuple):
    """What is usual in a document."""

    size: float
    """Of the letters of running text, in points."""
    leading: float
    """Distance of two lines of running text, in points."""


def usual_layout(pages: Iterable[Sequence[TextLine]]) -> Layout:
    """Return the size and the distance of lines that most of the document's text has."""
    sizes: Counter[float] = Counter()
    distances: Counter[tuple[float, float]] = Counter()
    for lines in pages:
        for line in lines:
            sizes[line.size] += len(line.text)
        for before, line in pairwise(lines):
            distance = round(2 * (before.baseline - line.baseline)) / 2
            if before.region == line.region and before.size == line.size and 0 < distance < 3 * line.size:
                distances[line.size, distance] += len(line.text)
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    usual = Counter({distance: count for (of, distance), count in distances.items() if of == size}).most_common(1)
    return Layout(size, usual[0][0] if usual else 1.2 * size)


def is_contents_line(line: TextLine) -> bool:
    """Return whether a line belongs to a table of contents or an index: dots lead to a page number."""
    return bool(_DOT_LEADERS.search(line.text))


def read_paragraphs(lines: Sequence[TextLine], page: int, layout: Layout) -> list[Paragraph]:
    """Return the paragraphs of one page, in reading order."""
    paragraphs: list[Paragraph] = []
    for region in _by_region(lines):
        rows = _table_rows(region)
        last: Paragraph | None = None
        for index, line in enumerate(region):
            kind = _kind(line, index in rows)
            if kind == "code" and last and _is_wrapped_word(last, line, layout):
                kind = last.kind
            goes_with = last is not None and (kind == last.kind or (kind, last.kind) == ("paragraph", "item"))
            if last and goes_with and _goes_on(last, line, layout):
                last.lines.append(line)
            else:
                last = Paragraph(kind, page, line)
                paragraphs.append(last)
        for paragraph in reversed(paragraphs):
            if paragraph.page != page or paragraph.first.region != region[0].region:
                break
            paragraph.is_open = _is_open(paragraph, layout)
            if paragraph.size >= _FOOTNOTE * layout.size:
                break  # what is below it is text, no footnotes
    return paragraphs


def join_over_breaks(paragraphs: Sequence[Paragraph], layout: Layout) -> list[Paragraph]:
    """Return paragraphs of a document; those that a column's or page's end cuts are one, footnotes come after them."""
    joined: list[Paragraph] = []
    for paragraph in paragraphs:
        before = _open_before(joined, paragraph, layout)
        if before:
            before.lines += paragraph.lines
            before.is_open = paragraph.is_open
        else:
            joined.append(paragraph)
    return joined


def _open_before(joined: Sequence[Paragraph], paragraph: Paragraph, layout: Layout) -> Paragraph | None:
    """Return the paragraph that this one goes on with."""
    if paragraph.kind != "paragraph" or BULLET.match(paragraph.first.text):
        return None
    for before in reversed(joined[-8:]):
        if before.is_open and abs(before.lines[-1].size - paragraph.first.size) < 0.06 * layout.size:
            is_other = before.page != paragraph.page or before.lines[-1].region != paragraph.first.region
            starts_small = re.match(r"[\"'“‘(]?[a-zà-öø-ÿ\d]", paragraph.first.text)
            hyphen = before.lines[-1].text.endswith(("-", "\u00ad"))
            near = before is joined[-1]
            return before if is_other and (hyphen or starts_small or near) else None
        if before.size >= _FOOTNOTE * layout.size and before.kind in ("paragraph", "item"):
            return None  # not a footnote, a caption or a table between them
    return None


def _by_region(lines: Sequence[TextLine]) -> Iterator[list[TextLine]]:
    regions: dict[int, list[TextLine]] = {}
    for line in lines:
        regions.setdefault(line.region, []).append(line)
    yield from regions.values()


def _kind(line: TextLine, is_row: bool) -> BlockKind:
    if is_row:
        return "row"
    if line.is_monospaced:
        return "code"
    return "item" if BULLET.match(line.text) else "paragraph"


def _is_wrapped_word(paragraph: Paragraph, line: TextLine, layout: Layout) -> bool:
    """Return whether a monospaced line is no code but the next words of a sentence."""
    before = paragraph.lines[-1]
    return (
        paragraph.kind in ("paragraph", "item")
        and not _ENDS.search(before.text)
        and not _ends_early(before, line, before.size)
        and 0 < before.baseline - line.baseline <= 1.15 * layout.leading
        and abs(line.left - before.left) < 2 * before.size
    )


def _table_rows(lines: Sequence[TextLine]) -> set[int]:
    """Return the indices of lines that are rows of a table: two or more in turn whose cells stand under each other."""
    rows: set[int] = set()
    for index in range(1, len(lines)):
        upper, lower = lines[index - 1].cells, lines[index].cells
        if len(upper) < 2 or len(lower) < 2 or is_contents_line(lines[index]):
            continue
        if any(abs(one - other) < 3 for one in upper[1:] for other in lower[1:]):
            rows.update((index - 1, index))
    return rows


def _goes_on(paragraph: Paragraph, line: TextLine, layout: Layout) -> bool:
    """Return whether a line belongs to the paragraph above it."""
    before, first = paragraph.lines[-1], paragraph.first
    size = max(before.size, line.size)
    distance = before.baseline - line.baseline
    if paragraph.kind == "row" or not 0 < distance <= _NEXT_LINE * size:
        return False
    if paragraph.kind == "code":
        return True
    if abs(before.size - line.size) > 0.12 * size and min(len(before.text), len(line.text)) > 3:
        return False
    if before.is_bold != line.is_bold and (before.is_bold or len(line.text) > 3):
        return False
    if distance > 1.25 * _usual_distance(paragraph, layout):
        return False
    if BULLET.match(line.text) and (_ENDS.search(before.text) or paragraph.kind == "item"):
        return False
    margin = line.left - before.left
    if len(paragraph.lines) == 1:
        # A first line may stand further in or further out than the others; a new paragraph begins like that too.
        if margin > 0.7 * size and paragraph.kind != "item":
            return not _ENDS.search(before.text) or _ends_early(before, first, size) is False
        return not (_ends_early(before, line, size) and _ENDS.search(before.text) and margin > -0.5 * size)
    if margin > 0.7 * size:
        return not _ENDS.search(before.text)
    return not (_ENDS.search(before.text) and _ends_early(before, line, size))


def _usual_distance(paragraph: Paragraph, layout: Layout) -> float:
    if len(paragraph.lines) > 1:
        return paragraph.lines[-2].baseline - paragraph.lines[-1].baseline
    return layout.leading * paragraph.first.size / layout.size


def _ends_early(line: TextLine, other: TextLine, size: float) -> bool:
    """Return whether a line ends where a word of the next one would have found space."""
    word = len(other.text.split(" ", 1)[0])
    return line.region_right - line.right > 0.5 * size * (word + 1) + size


def _is_open(paragraph: Paragraph, layout: Layout) -> bool:
    line = paragraph.lines[-1]
    if paragraph.kind not in ("paragraph", "item") or _ENDS.search(line.text):
        return False
    is_wide = line.right - line.region_left >= 0.6 * (line.region_right - line.region_left)
    return is_wide and line.size >= 0.8 * layout.size and (len(paragraph.lines) > 1 or len(line.text) > 40)
