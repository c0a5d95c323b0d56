"""Blocks: what a reader of a format extracts, before passages are made of it."""

from __future__ import annotations

from typing import Literal

import msgspec

BlockKind = Literal["heading", "paragraph", "item", "row", "code"]


class Block(msgspec.Struct, frozen=True):
    """A heading, a paragraph, an item of a list, a row of a table, or lines of code."""

    kind: BlockKind
    text: str
    level: int = 0
    """Of a heading, from 1, the outermost."""
    page: int = 0
    """The page that it begins on, from 1; 0 where the format has no pages."""


class ExtractedText(msgspec.Struct):
    """All that was read of a document, in the order in which a person reads it."""

    format: str
    blocks: list[Block]
    title: str = ""
    pages: int = 0
    left_out: list[str] = msgspec.field(default_factory=list)
    """What was not read and why: "page 12: scanned, no text"."""
    notes: list[str] = msgspec.field(default_factory=list)
    """What a person should know about text that was read: "not UTF-8: read as windows-1252"."""


def page_list(numbers: list[int]) -> str:
    """Return pages as one says them: `page 3`, `pages 3–7, 9`."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    text = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in spans)
    return f"page{'s' if len(spans) > 1 or spans[0][0] != spans[0][1] else ''} {text}"
