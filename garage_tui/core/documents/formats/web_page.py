"""Reads web pages, saved or fetched: the text without menus, link lists and banners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import plural
from garage_tui.core.documents.formats.html_blocks import HtmlBlock, html_blocks, parse
from garage_tui.core.documents.text.blocks import ExtractedText
from garage_tui.core.documents.text.encoding import decode
from garage_tui.core.documents.text.normalise import normalise

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)|<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9_:.-]+)",
    re.IGNORECASE,
)
_MENUS = (
    "//nav | //header[not(ancestor::article or ancestor::main or ancestor::section)]"
    " | //footer[not(ancestor::article or ancestor::main)] | //aside | //form"
    " | //*[@role='navigation' or @role='banner' or @role='contentinfo' or @role='search' or @role='menu'"
    " or @role='complementary' or @aria-hidden='true']"
)
_TEXT = "//main | //*[@role='main'] | //article[not(ancestor::article)]"
_ENDS = re.compile(r"[.!?:][\"'”’»)\]]*$")
_SHORT = 80
_MOSTLY_LINKS = 0.5


def read_web_page(data: bytes, declared: str = "") -> ExtractedText:
    """Return the text of an HTML page.

    A menu is what the page marks as one, and what the library for web pages (trafilatura) takes for one where it is
    short or made of links; no other text is left out.

    Args:
        declared: the encoding that the server names, if any.

    Raises:
        BadInputError: it has no text.
    """
    extracted = ExtractedText("HTML", [])
    found = _CHARSET.search(data[:4096])
    text, note = decode(data, declared or ((found[1] or found[2]).decode() if found else ""))
    extracted.notes = [note] if note else []
    root = parse(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    if root is None:
        raise BadInputError("it is an empty web page")
    extracted.title = normalise(root.findtext(".//title") or "")[:200]
    everything = sum(len(one.block.text) for one in html_blocks(root))
    blocks = _main_blocks(root) or _without_menus(root, text)
    extracted.blocks = [one.block for one in blocks]
    left = everything - sum(len(block.text) for block in extracted.blocks)
    if left > 0:
        extracted.left_out.append(f"menus, link lists and the like: {plural(left, 'character')}")
    return extracted


def _main_blocks(root: HtmlElement) -> list[HtmlBlock]:
    """Return the blocks of the part that the page itself marks as its text; none if it marks none, or not all."""
    parts = [
        part for part in root.xpath(_TEXT) if not any(outer in root.xpath(_TEXT) for outer in part.iterancestors())
    ]
    if not parts:
        return []
    for menu in [menu for part in parts for menu in part.xpath(".//nav | .//form | .//*[@role='navigation']")]:
        menu.drop_tree()
    blocks = [block for part in parts for block in html_blocks(part)]
    _drop(root)
    rest = [one for one in html_blocks(root) if not _is_linked(one)]
    size = sum(len(one.block.text) for one in blocks)
    return blocks if size >= 0.5 * sum(len(one.block.text) for one in rest) else []


def _drop(root: HtmlElement) -> None:
    for menu in root.xpath(_MENUS):
        if menu.getparent() is not None:
            menu.drop_tree()


def _without_menus(root: HtmlElement, source: str) -> list[HtmlBlock]:
    """Return all blocks but those of menus."""
    _drop(root)
    blocks = list(html_blocks(root))
    kept = _letters(_extracted(source))
    sure = [_is_text(one, kept) for one in blocks]
    if not any(sure):
        return [one for one in blocks if not _is_linked(one)]
    first, last = sure.index(True), len(sure) - 1 - sure[::-1].index(True)
    # What is short and no sentence is noise at the ends of a page, and a caption, a term or an item in the text.
    return [
        one
        for index, one in enumerate(blocks)
        if sure[index] or (first < index < last and not one.linked and one.block.text)
    ]


def _is_text(one: HtmlBlock, kept: str) -> bool:
    if _letters(one.block.text) in kept:
        return True
    if _is_linked(one):
        return False
    if one.block.kind in ("code", "row", "heading") or len(one.block.text) >= _SHORT:
        return True
    return bool(_ENDS.search(one.block.text))


def _is_linked(one: HtmlBlock) -> bool:
    return one.linked > _MOSTLY_LINKS * len(one.block.text)


def _extracted(source: str) -> str:
    """Return what trafilatura takes for the text of a page."""
    import trafilatura

    try:
        found = trafilatura.extract(
            source, favor_recall=True, include_tables=True, include_comments=True, with_metadata=False
        )
    except Exception:  # whatever a page does to it: then nothing short is left out because of it
        return ""
    return found or ""


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
