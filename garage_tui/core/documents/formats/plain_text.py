"""Reads plain text: paragraphs, headings and lists as people write them in text files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from garage_tui.core.documents.text.blocks import Block, ExtractedText, page_list
from garage_tui.core.documents.text.normalise import LineJoiner, normalise, normalise_code
from garage_tui.core.documents.text.repeats import EdgeLine, repeated

_BULLET = re.compile(r"\s*(?:[•◦▪‣*+–—-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\[\d{1,3}\])\s+(?=\S)")
_UNDERLINE = re.compile(r"\s*([=\-~^*#\"'+])\1{2,}\s*")
_NUMBERED = re.compile(
    r"(?:(?:[Cc]hapter|CHAPTER|[Pp]art|PART|[Aa]ppendix|[Ss]ection)\s+)?(\d+(?:\.\d+)+\.?(?=\s+\S)|\d+\.?(?=\s+[A-Z\"'(]))"
)
_ENDS = re.compile(r"[.!?:;,…][\"'”’»)\]]*$")
_LEADERS = re.compile(r"(?:\.\s?){4,}\s*[\dxivlc-]+\s*$")
_COLUMNS = re.compile(r"\S(?:\t|\s{3,})\S")
_MARGIN = 8.0
"""Lines at the top and the bottom of a page where headers and footers are."""
_LEVELS = "=-~^*#\"'+"
"""The characters that underline headings, outermost first."""


def read_plain_text(text: str) -> ExtractedText:
    """Return the blocks of a text; form feeds separate its pages."""
    extracted = ExtractedText("text", [])
    pages = [page.splitlines() for page in text.split("\f")]
    if len(pages) > 1 and not any(line.strip() for line in pages[-1]):
        pages.pop()
    if len(pages) > 1:
        extracted.pages = len(pages)
        _take_repeats(pages, extracted)
    joiner = LineJoiner(line for page in pages for line in page)
    extracted.blocks = list(_blocks(pages, joiner))
    extracted.title = next((block.text for block in extracted.blocks[:3] if block.kind == "heading"), "")[:200]
    return extracted


def _take_repeats(pages: list[list[str]], extracted: ExtractedText) -> None:
    """Take headers, footers and page numbers off the pages."""
    taken: set[int] = set()
    for is_top in (True, False):
        orders = [_from_edge(page, is_top) for page in pages]
        edges = [_edge(page, order, is_top) for page, order in zip(pages, orders, strict=True)]
        for number, found in enumerate(repeated(edges, 1.0, [_MARGIN] * len(pages))):
            for index in found:
                pages[number][orders[number][index]] = ""
            taken.update({number + 1} if found else ())
    if taken:
        extracted.left_out.append(f"{page_list(sorted(taken))}: header, footer or page number")


def _from_edge(page: Sequence[str], is_top: bool) -> list[int]:
    written = [index for index, line in enumerate(page) if line.strip()]
    return (written if is_top else written[::-1])[:4]


def _edge(page: Sequence[str], order: Sequence[int], is_top: bool) -> list[EdgeLine]:
    edge: list[EdgeLine] = []
    for index, beyond in zip(order, [*order[1:], None], strict=True):
        gap = 9 if beyond is None else abs(beyond - index)
        edge.append(EdgeLine(page[index].strip(), index if is_top else len(page) - index, gap))
    return edge


def _blocks(pages: Sequence[Sequence[str]], joiner: LineJoiner) -> Iterator[Block]:
    group: list[str] = []
    began = 0
    for number, page in enumerate(pages, 1):
        for line in page:
            if line.strip():
                began = began if group else number
                group.append(line)
            elif group:
                yield from _group_blocks(group, began if len(pages) > 1 else 0, joiner)
                group = []
        if group and re.search(r"[.!?][\"'”’)]*\s*$", group[-1]):  # else the paragraph goes on on the next page
            yield from _group_blocks(group, began if len(pages) > 1 else 0, joiner)
            group = []
    if group:
        yield from _group_blocks(group, began if len(pages) > 1 else 0, joiner)


def _group_blocks(lines: Sequence[str], page: int, joiner: LineJoiner) -> Iterator[Block]:
    """Yield the blocks of lines without an empty one between them."""
    lines = [line for line in lines if not _LEADERS.search(line)]
    while lines and _UNDERLINE.fullmatch(lines[0]):
        lines = lines[1:]
    while len(lines) >= 2 and (mark := _UNDERLINE.fullmatch(lines[1])) and not _UNDERLINE.fullmatch(lines[0]):
        yield Block("heading", normalise(lines[0]), _LEVELS.index(mark[1]) + 1, page)
        lines = lines[2:]
    if len(lines) == 1 and (level := _heading_level(lines[0])):
        yield Block("heading", normalise(lines[0]), level, page)
        return
    if lines and _is_layout(lines):
        yield Block("code", normalise_code("\n".join(_dedented(lines))), page=page)
        return
    for part in _parts(lines):
        yield Block("item" if _BULLET.match(part[0]) else "paragraph", joiner.join(part), page=page)


def _heading_level(line: str) -> int:
    """Return the level of a line that stands alone, or 0 if it is no heading."""
    bare = line.strip()
    if len(bare) > 80 or _ENDS.search(bare) or _COLUMNS.search(bare) or len(line) - len(line.lstrip()) > 3:
        return 0
    if found := _NUMBERED.match(bare):
        return 1 + found[1].rstrip(".").count(".")
    letters = [character for character in bare if character.isalpha()]
    if len(letters) >= 3 and all(character.isupper() for character in letters):
        return 1
    return 0


def _is_layout(lines: Sequence[str]) -> bool:
    """Return whether the line breaks matter: a table, a listing, an address."""
    if len(lines) < 2:
        return False
    columns = sum(bool(_COLUMNS.search(line.strip())) for line in lines)
    if columns > 0.5 * len(lines):
        return True
    if any(_BULLET.match(line) for line in lines):
        return False
    width = max(len(line.rstrip()) for line in lines)
    short = sum(len(line.rstrip()) < 0.6 * width for line in lines[:-1])
    return short > 0.5 * (len(lines) - 1) or (width < 40 and len(lines) > 2)


def _dedented(lines: Sequence[str]) -> list[str]:
    expanded = [line.expandtabs() for line in lines]
    margin = min(len(line) - len(line.lstrip()) for line in expanded)
    return [line[margin:] for line in expanded]


def _parts(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the paragraphs and items of lines: an item begins with its mark, a paragraph may begin further in."""
    part: list[str] = []
    for line in lines:
        margin = len(line) - len(line.lstrip())
        is_item = bool(_BULLET.match(line)) and (not part or _may_follow(part, margin))
        is_indented = (
            len(part) > 1
            and not _BULLET.match(part[0])
            and margin >= len(part[-1]) - len(part[-1].lstrip()) + 2
            and bool(_ENDS.search(part[-1].rstrip()))
        )
        if part and (is_item or is_indented):
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _may_follow(part: Sequence[str], margin: int) -> bool:
    """Return whether an item can begin after these lines: "- 3" in the middle of a sentence begins none."""
    return bool(_BULLET.match(part[0])) or bool(_ENDS.search(part[-1].rstrip())) or margin > 0
