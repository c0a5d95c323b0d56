"""Markdown as text to paint: headings, emphasis, lists, quotes, tables and code, wrapped to a width.

markdown-it reads it; what a model writes stays text. HTML is shown as it is written, entities are not decoded (`&#27;`
would become a control character), pictures are never loaded, and links show their address and cannot be followed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from garage_tui.core.base.sanitize import shown

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LONGEST_BLOCK = 8000
"""Characters; a longer block is shown as it is written, because it would take long to read."""
_CODE, _LINK, _MUTED = "$secondary", "underline", "$muted"
_INLINE = {"strong": "bold", "em": "italic", "s": "strike"}
_LEAST_CELL = 6
"""Columns of text; where a cell of a table would get fewer, each row is shown as a list."""


class MarkdownText:
    """A text that grows, as Markdown. Blocks that are complete are read and wrapped once.

    Its cost for each call of `render` is that of the newest block.
    """

    def __init__(self) -> None:
        self._text, self._width = "", 0
        self._read_to = 0
        """Characters of the text that belong to complete blocks."""
        self._done: list[Content] = []

    def render(self, text: str, width: int) -> Content:
        """Return the text as it is painted.

        Args:
            text: safe to paint; normally the one of the last call with something behind it.
            width: columns of text to wrap to.
        """
        if width != self._width or not text.startswith(self._text[: self._read_to]):
            self._width, self._read_to, self._done = width, 0, []
        self._text = text
        end = self._read_to
        for at in _block_ends(text, self._read_to):
            self._done += [self._block(text[end:at])]
            end = at
        self._read_to = end
        rest = self._block(text[end:]) if text[end:].strip() else None
        return Content("\n").join([block for block in (*self._done, rest) if block])

    def _block(self, source: str) -> Content:
        if not source.strip():
            return Content()
        gap = bool(self._done) or self._read_to > 0
        lines = _blocks(source.strip("\n"), self._width)
        return Content("\n").join([Content(), *lines] if gap and any(self._done) else lines)


def end_of_complete_blocks(text: str) -> int:
    """Return where the last complete block of a text ends; 0 where none does."""
    end = 0
    for at in _block_ends(text, 0):
        end = at
    return end


def _block_ends(text: str, start: int) -> Iterator[int]:
    """Yield where complete blocks end: before a line that follows a blank one, outside code, and is not indented."""
    fence, blank, at = "", False, start
    while (newline := text.find("\n", at)) >= 0:
        line = text[at:newline]
        bare = line.strip()
        if blank and bare and not fence and not line[0].isspace() and at > start:
            yield at
        if fence:
            fence = "" if bare.startswith(fence) and not bare.strip(fence[0]) else fence
        elif bare.startswith(("```", "~~~")):
            fence = bare[: len(bare) - len(bare.lstrip(bare[0]))]
        blank = not bare
        at = newline + 1
    # The last line is not complete: a space may still come before it, but no more once something else has.
    if blank and not fence and text[at : at + 1].strip() and at > start:
        yield at


@functools.cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 (50 ms, and the first paint has no answer)

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["entity", "reference"])


def _blocks(source: str, width: int) -> list[Content]:
    """Return the lines of a piece of Markdown, wrapped."""
    if len(source) > _LONGEST_BLOCK:
        return [Content(source)]
    try:
        tokens = _reader().parse(source)
    except (RecursionError, ValueError, IndexError):  # whatever a model may write, it can at least be read
        return [Content(source)]
    return _Layout(tokens).lines(max(1, width)) or [Content(source)]


class _Layout:
    """Lays out the tokens of markdown-it.

    Args:
        tokens: as `MarkdownIt.parse` returns them.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._at = tokens, 0

    def lines(self, width: int) -> list[Content]:
        """Return all lines, at most `width` cells wide."""
        return self._until("", width)

    def _until(self, end: str, width: int, *, tight: bool = False) -> list[Content]:
        """Return the lines of the blocks up to the token `end`, which is taken too."""
        lines: list[Content] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == end:
                break
            block = self._block(token, width)
            if block and lines and not tight:
                lines.append(Content())
            lines += block
        return lines

    def _block(self, token: Token, width: int) -> list[Content]:
        kind = token.type
        if kind == "heading_open":
            return [line.stylize("bold $primary") for line in self._until("heading_close", width, tight=True)]
        if kind == "paragraph_open":
            return self._until("paragraph_close", width, tight=True)
        if kind == "inline":
            return _wrap(_inline(token.children or []), width)
        if kind in ("fence", "code_block"):
            return _wrap(Content.styled(shown(token.content.rstrip("\n")), _CODE), width - 2, Content("  "))
        if kind == "blockquote_open":
            inner = self._until("blockquote_close", width - 2)
            return [Content.assemble(("│ ", _MUTED), line) for line in inner]
        if kind in ("bullet_list_open", "ordered_list_open"):
            return self._list(token, width)
        if kind == "table_open":
            return self._table(width)
        if kind == "hr":
            return [Content.styled("─" * min(width, 40), _MUTED)]
        return []

    def _list(self, opening: Token, width: int) -> list[Content]:
        end = opening.type.replace("open", "close")
        start = opening.attrGet("start")
        number = None if opening.type.startswith("bullet") else 1 if start is None else int(start)
        lines: list[Content] = []
        while self._at < len(self._tokens) and self._tokens[self._at].type != end:
            self._at += 1  # list_item_open
            mark = "• " if number is None else f"{number}. "
            number = None if number is None else number + 1
            mark = mark if width > len(mark) + _LEAST_CELL else ""  # deep down there is no space for marks
            inner = self._until("list_item_close", width - len(mark), tight=True) or [Content()]
            indent = Content(" " * len(mark))
            lines += [Content.assemble((mark, "$primary"), inner[0]), *(indent + line for line in inner[1:])]
        self._at += 1
        return lines

    def _table(self, width: int) -> list[Content]:
        rows: list[list[Content]] = []
        alignments: list[str] = []
        while self._at < len(self._tokens) and (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "th_open":
                alignments.append(str(token.attrGet("style") or "").removeprefix("text-align:"))
            elif token.type == "inline":
                rows[-1].append(_inline(token.children or []))
        self._at += 1
        return _table_lines(rows, alignments, width)


def _inline(tokens: Sequence[Token]) -> Content:
    """Return the text of a paragraph, its lines as they were written."""
    parts: list[Content] = []
    styles: list[str] = []
    targets: list[str] = []
    for token in tokens:
        kind = token.type
        if kind in ("text", "text_special", "html_inline"):
            parts.append(Content.styled(shown(token.content), " ".join(styles)))
        elif kind == "code_inline":
            parts.append(Content.styled(shown(token.content), " ".join([*styles, _CODE])))
        elif kind in ("softbreak", "hardbreak"):
            parts.append(Content("\n"))
        elif kind == "image":
            parts.append(Content(_with_target(shown(token.content), str(token.attrGet("src") or ""))))
        elif kind == "link_open":
            styles.append(_LINK)
            targets.append(str(token.attrGet("href") or ""))
        elif kind == "link_close":
            styles.pop()
            target = targets.pop()
            text = parts[-1].plain if parts else ""
            parts.append(Content("" if text == target or f"mailto:{text}" == target else f" ({shown(target)})"))
        elif kind.endswith("_open"):
            styles.append(_INLINE.get(kind.removesuffix("_open"), ""))
        elif kind.endswith("_close"):
            styles.pop()
        elif token.content:
            parts.append(Content(shown(token.content)))
    return Content("").join(parts)


def _with_target(text: str, target: str) -> str:
    return f"{text} ({shown(target)})" if text else shown(target)


def _wrap(content: Content, width: int, before: Content | None = None) -> list[Content]:
    """Return the lines of a text, wrapped to `width` cells, each behind `before`."""
    lines = [part for line in content.split("\n", allow_blank=True) for part in line.wrap(max(1, width)) or [line]]
    return [before + line for line in lines] if before else lines


def _table_lines(rows: list[list[Content]], alignments: list[str], width: int) -> list[Content]:
    """Return a table with aligned columns; where they would be too narrow, each row as a list of its cells.

    Args:
        alignments: "left", "center", "right" or nothing, of each column.
    """
    columns = max((len(row) for row in rows), default=0)
    if not columns:
        return []
    rows = [[*row, *[Content()] * (columns - len(row))] for row in rows]
    sizes = [max(cell.cell_length for cell in column) for column in zip(*rows, strict=True)]
    free = width - 2 * (columns - 1)
    if free < columns * _LEAST_CELL and sum(sizes) > free:
        return _rows_as_lists(rows, width)
    while sum(sizes) > free:  # the widest gives up space first
        sizes[sizes.index(max(sizes))] -= 1
    lines: list[Content] = []
    for number, row in enumerate(rows):
        cells = [_wrap(cell, size) for cell, size in zip(row, sizes, strict=True)]
        for at in range(max(map(len, cells))):
            parts = [cell[at] if at < len(cell) else Content() for cell in cells]
            padded = [_aligned(*column) for column in zip(parts, alignments, sizes, strict=True)]
            line = Content("  ").join(padded).rstrip()
            lines.append(line.stylize("bold") if number == 0 else line)
        if number == 0:
            lines.append(Content.styled("─" * (sum(sizes) + 2 * (columns - 1)), _MUTED))
    return lines


def _aligned(text: Content, alignment: str, width: int) -> Content:
    free = width - text.cell_length
    before = free if alignment == "right" else free // 2 if alignment == "center" else 0
    return text.pad_left(before).pad_right(free - before)


def _rows_as_lists(rows: list[list[Content]], width: int) -> list[Content]:
    head, lines = rows[0], []
    for row in rows[1:]:
        for number, (name, cell) in enumerate(zip(head, row, strict=True)):
            mark = "• " if number == 0 else "  "
            text = Content.assemble(name.stylize("bold"), ": ", cell) if name.plain else cell
            found = _wrap(text, width - 2)
            lines += [Content(mark if at == 0 else "  ") + line for at, line in enumerate(found)]
    return lines or [Content("  ").join(head)]
