"""Headings of a PDF: by its outline, or else by the size and weight of their letters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from garage_tui.core.documents.pdf.paragraphs import BULLET, Layout, Paragraph

_MAX_LINES, _MAX_CHARACTERS = 3, 160
_LARGER = 1.08
_NUMBERED = re.compile(r"(?:chapter|part|appendix|section)?\s*(?:\d+|[A-Z])(?:\.\d+)*\.?\s+\S", re.IGNORECASE)


_LABELS = {"note", "tip", "caution", "warning", "important", "attention", "danger", "hint", "example", "remark"}
"""What stands above a box of text, and is the heading of nothing after it."""


class OutlineEntry(NamedTuple):
    """An entry of the outline (bookmarks) that the file brings."""

    title: str
    level: int
    """From 1."""
    page: int
    """From 1; 0 if it is not known."""


class PdfOutline:
    """The entries of an outline, found by page and title."""

    def __init__(self, entries: Sequence[OutlineEntry]) -> None:
        self._levels = {(entry.page, _letters(entry.title)): entry.level for entry in entries}
        self.depth = max((entry.level for entry in entries), default=0)

    def level(self, paragraph: Paragraph) -> int:
        """Return the level of a paragraph that the outline names, or 0."""
        letters = _letters(paragraph.text)
        bare = _letters(
            re.sub(
                r"^\W*(?:(?:chapter|part|appendix|section)\s+)?[\dA-Z]{1,3}(?:\.\d+)*\W*\s",
                "",
                paragraph.text,
                flags=re.IGNORECASE,
            )
        )
        for page in (paragraph.page, paragraph.page - 1, 0):
            for title in (letters, bare):
                if title and (level := self._levels.get((page, title))):
                    return level
        return 0


def heading_levels(paragraphs: Sequence[Paragraph], layout: Layout, outline: PdfOutline) -> list[int]:
    """Return for each paragraph its level as a heading, from 1; 0 if it is none."""
    named = [outline.level(one) if _may_be_heading(one) else 0 for one in paragraphs]
    styles = [_style(one, layout) if _may_be_heading(one) else None for one in paragraphs]
    ranks = {style: rank for rank, style in enumerate(sorted({one for one in styles if one}, reverse=True), 1)}
    return [level or (ranks[style] + outline.depth if style else 0) for level, style in zip(named, styles, strict=True)]


def _may_be_heading(paragraph: Paragraph) -> bool:
    text = paragraph.text
    if len(paragraph.lines) > _MAX_LINES or len(text) > _MAX_CHARACTERS or paragraph.kind in ("row", "code"):
        return False
    if paragraph.kind == "item" and not _NUMBERED.match(text):
        return False
    return re.search(r"[^\W\d_]", text) is not None


def _style(paragraph: Paragraph, layout: Layout) -> tuple[float, bool] | None:
    """Return size and weight of a paragraph that its letters make a heading."""
    is_large = paragraph.size >= _LARGER * layout.size
    if not is_large and not (paragraph.is_bold and paragraph.size >= 0.95 * layout.size):
        return None
    text = paragraph.text
    if re.search(r"[,;]$", text) or (re.search(r"[.:]$", text) and text.count(" ") > 5):
        return None
    if BULLET.match(text) and not _NUMBERED.match(text):
        return None
    if text.casefold().rstrip(":") in _LABELS:
        return None
    if not re.match(r"[\"'“‘«(\[]?[A-ZÀ-ÖØ-Þ\d]", text) and not is_large and not _is_uncased(text):
        return None
    return round(2 * paragraph.size) / 2, paragraph.is_bold


def _is_uncased(text: str) -> bool:
    return text.upper() == text.lower()


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
