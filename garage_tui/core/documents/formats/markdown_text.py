"""Reads Markdown (CommonMark with tables)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from garage_tui.core.documents.formats.html_blocks import fragment_blocks
from garage_tui.core.documents.text.blocks import Block, ExtractedText
from garage_tui.core.documents.text.normalise import normalise, normalise_code

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)


def read_markdown(text: str) -> ExtractedText:
    """Return the blocks of a Markdown text."""
    from markdown_it import MarkdownIt

    extracted = ExtractedText("Markdown", [])
    text = text.replace("\r\n", "\n")
    if front := _FRONT_MATTER.match(text):
        text = text[front.end() :]
        if title := _TITLE.search(front[1]):
            extracted.title = normalise(title[1])
        extracted.left_out.append("the properties above the text (front matter)")
    tokens = MarkdownIt("commonmark", {"maxNesting": 50}).enable("table").parse(text)
    extracted.blocks = list(_blocks(tokens))
    if not extracted.title:
        extracted.title = next((block.text for block in extracted.blocks if block.kind == "heading"), "")[:200]
    return extracted


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    items = 0  # depth of lists
    begins_item = False
    cells: list[str] = []
    heading = 0
    in_table = False
    for token in tokens:
        match token.type:
            case "heading_open":
                heading = int(token.tag[1])
            case "heading_close":
                heading = 0
            case "list_item_open":
                items, begins_item = items + 1, True
            case "list_item_close":
                items -= 1
            case "table_open" | "table_close":
                in_table = token.type == "table_open"
            case "tr_open":
                cells = []
            case "tr_close":
                yield Block("row", " | ".join(cells))
            case "fence" | "code_block":
                yield Block("code", normalise_code(token.content))
            case "html_block":
                yield from fragment_blocks(token.content)
            case "inline":
                text = _inline(token.children or [])
                if in_table:
                    cells.append(text)
                elif heading:
                    yield Block("heading", text, heading)
                else:
                    yield Block("item" if begins_item else "paragraph", f"• {text}" if begins_item else text)
                    begins_item = False


def _inline(tokens: Sequence[Token]) -> str:
    """Return the text of what stands in one line or paragraph; a link is its text, a picture is nothing."""
    parts: list[str] = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return normalise("".join(parts))
