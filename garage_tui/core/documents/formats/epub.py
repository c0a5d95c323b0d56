"""Reads EPUB books: a zip archive of web pages, whose order a list in it gives.

The libraries for EPUB are under the AGPL or are kept by nobody; the format needs little beside what reads web pages.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any
from urllib.parse import unquote

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.documents.formats.archive import Archive
from garage_tui.core.documents.formats.html_blocks import html_blocks, parse
from garage_tui.core.documents.text.blocks import ExtractedText
from garage_tui.core.documents.text.encoding import decode
from garage_tui.core.documents.text.normalise import normalise


def read_epub(data: bytes) -> ExtractedText:
    """Return the text of an EPUB book, in the order of its spine.

    Raises:
        BadInputError: it is damaged, encrypted (DRM), or would fill the memory.
    """
    archive = Archive(data)
    package_name = _package_name(archive)
    package = _xml(archive.read(package_name))
    if package is None:
        raise BadInputError("it is a damaged EPUB: its list of chapters cannot be read")
    extracted = ExtractedText("EPUB", [])
    extracted.title = normalise("".join(package.xpath("string(//*[local-name()='title'])")))[:200]
    encrypted = _encrypted(archive)
    locked: list[str] = []
    for name in _chapters(package, posixpath.dirname(package_name)):
        if name in encrypted:
            locked.append(name)
            continue
        chapter = archive.read(name)
        if chapter is None:
            extracted.left_out.append(f"{name}: the book names it, and does not have it")
            continue
        # Tables of contents repeat the headings.
        root = parse(re.sub(r"^\s*<\?xml[^>]*\?>", "", decode(chapter)[0]))
        if root is None:
            continue
        for menu in root.xpath("//nav"):
            menu.drop_tree()
        extracted.blocks += [found.block for found in html_blocks(root)]
    if locked and not extracted.blocks:
        raise BadInputError("it is encrypted (copy protection): its text cannot be read")
    extracted.left_out += [f"{name}: encrypted" for name in locked]
    return extracted


def _package_name(archive: Archive) -> str:
    container = _xml(archive.read("META-INF/container.xml"))
    found = container.xpath("//*[local-name()='rootfile']/@full-path") if container is not None else []
    name = str(found[0]) if found else next((name for name in archive.names if name.endswith(".opf")), "")
    if not name:
        raise BadInputError("it is a damaged EPUB: it has no list of chapters")
    return name


def _chapters(package: Any, folder: str) -> list[str]:
    """Return the names of the chapters in reading order, without the page that is the table of contents."""
    items = {item.get("id"): item for item in package.xpath("//*[local-name()='manifest']/*[local-name()='item']")}
    names: list[str] = []
    for reference in package.xpath("//*[local-name()='spine']/*[local-name()='itemref']/@idref"):
        item = items.get(reference)
        if item is None or "nav" in (item.get("properties") or "").split():
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        if name not in names:
            names.append(name)
    return names


def _encrypted(archive: Archive) -> set[str]:
    listed = _xml(archive.read("META-INF/encryption.xml"))
    if listed is None:
        return set()
    return {unquote(str(name)) for name in listed.xpath("//*[local-name()='CipherReference']/@URI")}


def _xml(data: bytes | None) -> Any:
    """Return the tree of an XML text; None if it is none. Entities stay what they are, and nothing else is opened."""
    from lxml import etree

    if not data:
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, recover=True
    )
    try:
        return etree.fromstring(data, parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
