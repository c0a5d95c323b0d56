"""Blocks of an HTML tree: headings, paragraphs, items, rows of tables, code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from garage_tui.core.documents.text.blocks import Block, BlockKind
from garage_tui.core.documents.text.normalise import normalise, normalise_code

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_UNSEEN = {
    "script", "style", "head", "template", "noscript", "svg", "math", "canvas", "iframe", "object", "embed", "audio",
    "video", "select", "option", "button", "input", "textarea", "dialog", "map", "area",
}  # fmt: skip
"""Elements without text that a person reads."""
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "ins", "kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "time", "tt", "u", "var", "wbr", "center",
}  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?!\.?[1-9.])"
)
_PERMALINK = re.compile(r"^[¶#§🔗\s]*$")
MAX_DEPTH = 200


class HtmlBlock(NamedTuple):
    """A block with what tells text from menus."""

    block: Block
    linked: int
    """How many of its characters are links."""


def html_blocks(root: HtmlElement) -> Iterator[HtmlBlock]:
    """Yield the blocks of a tree in their order. Scripts, and what the page hides, are left out."""
    yield from _Walker().walk(root)


def fragment_blocks(source: str) -> Iterator[Block]:
    """Yield the blocks of a piece of HTML."""
    root = parse(f"<div>{source}</div>")
    if root is not None:
        yield from (found.block for found in html_blocks(root))


def parse(source: str | bytes, encoding: str | None = None) -> HtmlElement | None:
    """Return the tree of an HTML text; None if there is nothing in it. Nothing outside of the text is opened."""
    from lxml import etree, html

    parser = html.HTMLParser(encoding=encoding, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(source, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return root if isinstance(root, html.HtmlElement) else None


def is_hidden(element: HtmlElement) -> bool:
    """Return whether the page does not show an element."""
    if element.tag in _UNSEEN or "hidden" in element.attrib:
        return True
    return bool(_HIDDEN.search(element.get("style", "").lower()))


class _Walker:
    """Walks a tree and puts inline text together."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._linked = 0

    def walk(self, element: HtmlElement, kind: BlockKind = "paragraph", depth: int = 0) -> Iterator[HtmlBlock]:
        """Yield the blocks of an element.

        Args:
            kind: what its own text is.
        """
        if not isinstance(element.tag, str) or is_hidden(element) or depth > MAX_DEPTH:
            return
        tag = element.tag
        if tag in _HEADINGS:
            text, linked = inline_text(element)
            yield from self._whole(Block("heading", text, _HEADINGS[tag]), linked)
        elif tag == "pre":
            yield from self._whole(Block("code", normalise_code(_raw_text(element))), 0)
        elif tag == "tr":
            yield from self._row(element, depth)
        elif tag == "li":
            yield from self._children(element, "item", depth, mark="• ")
        elif tag in ("dt", "figcaption", "caption", "summary", "p", "blockquote", "address"):
            yield from self._children(element, "paragraph", depth)
        elif tag == "dd":
            yield from self._children(element, "item", depth)
        else:
            yield from self._children(element, kind if tag in ("div", "section") else "paragraph", depth)

    def _children(self, element: HtmlElement, kind: BlockKind, depth: int, mark: str = "") -> Iterator[HtmlBlock]:
        """Yield the blocks of an element's text and children; what is inline goes together."""
        yield from self._end("paragraph")
        if mark:
            self._text.append(mark)
        self._text.append(element.text or "")
        for child in element:
            if isinstance(child.tag, str) and not is_hidden(child):
                if child.tag == "br":
                    self._text.append(" ")
                elif child.tag in _INLINE and not _has_block(child):
                    text, linked = inline_text(child)
                    self._text.append(_spaced(child, text))
                    self._linked += linked
                else:
                    # The first paragraph of an item goes on after its mark.
                    if not (mark and "".join(self._text).strip() == mark.strip() and child.tag in ("p", "div")):
                        yield from self._end(kind)
                        yield from self.walk(child, kind, depth + 1)
                    else:
                        self._text.append(child.text or "")
                        yield from self._inside_item(child, kind, depth)
            self._text.append(child.tail or "")
        yield from self._end(kind)

    def _inside_item(self, element: HtmlElement, kind: BlockKind, depth: int) -> Iterator[HtmlBlock]:
        for child in element:
            if isinstance(child.tag, str) and not is_hidden(child):
                if child.tag in _INLINE and not _has_block(child):
                    text, linked = inline_text(child)
                    self._text.append(_spaced(child, text))
                    self._linked += linked
                elif child.tag == "br":
                    self._text.append(" ")
                else:
                    yield from self._end(kind)
                    yield from self.walk(child, kind, depth + 1)
            self._text.append(child.tail or "")
        yield from self._end(kind)

    def _row(self, element: HtmlElement, depth: int) -> Iterator[HtmlBlock]:
        """Yield a row of a table as one block, or, where its cells hold whole texts, the blocks of these."""
        yield from self._end("paragraph")
        cells = [cell for cell in element if cell.tag in ("td", "th") and not is_hidden(cell)]
        if any(_has_block(cell) and len(normalise(cell.text_content())) > 300 for cell in cells) or (
            len(cells) == 1 and _has_block(cells[0])
        ):
            for cell in cells:
                yield from self._children(cell, "paragraph", depth + 1)
            return
        texts = [inline_text(cell) for cell in cells]
        text = " | ".join(text for text, _ in texts if text)
        yield from self._whole(Block("row", text), sum(linked for _, linked in texts))

    def _whole(self, block: Block, linked: int) -> Iterator[HtmlBlock]:
        yield from self._end("paragraph")
        if block.text:
            yield HtmlBlock(block, linked)

    def _end(self, kind: BlockKind) -> Iterator[HtmlBlock]:
        """Yield the inline text that has come together, if there is any."""
        text = normalise("".join(self._text))
        linked, self._linked = self._linked, 0
        self._text = []
        if text and text != "•":
            yield HtmlBlock(Block("item" if text.startswith("• ") else kind, text), linked)


def inline_text(element: HtmlElement) -> tuple[str, int]:
    """Return the normalised text of an element, and how many of its characters are links."""
    parts: list[str] = []
    linked = 0

    def add(of: HtmlElement, depth: int, in_link: bool) -> None:
        nonlocal linked
        if depth > MAX_DEPTH or not isinstance(of.tag, str) or is_hidden(of):
            return
        in_link = in_link or of.tag == "a"
        if of.tag == "a" and of.get("href", "").startswith("#") and _PERMALINK.match(of.text_content()):
            return
        if of.tag in ("br", "p", "div", "li", "td", "tr"):
            parts.append(" ")
        text = of.text or ""
        parts.append(text)
        linked += len(text.strip()) if in_link else 0
        for child in of:
            add(child, depth + 1, in_link)
            parts.append(child.tail or "")
            linked += len((child.tail or "").strip()) if in_link else 0

    add(element, 0, False)
    joined = "".join(parts)
    if element.tag in ("sup", "sub") and joined.strip().isdecimal() and element.tag == "sup":
        joined = joined.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return normalise(joined), linked


def _spaced(element: HtmlElement, text: str) -> str:
    """Return inline text with the blanks that stood at its ends."""
    raw = element.text_content()
    before = " " if raw[:1].isspace() else ""
    return f"{before}{text}{' ' if raw[-1:].isspace() else ''}"


def _has_block(element: HtmlElement) -> bool:
    return any(
        isinstance(inside.tag, str) and inside.tag not in _INLINE and inside.tag not in _UNSEEN and inside.tag != "br"
        for inside in element.iterdescendants()
    )


def _raw_text(element: HtmlElement) -> str:
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    return str(element.text_content())
