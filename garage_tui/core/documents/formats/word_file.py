"""Reads Word files (DOCX, mammoth)."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import decoded
from garage_tui.core.documents.formats.archive import Archive
from garage_tui.core.documents.formats.html_blocks import html_blocks, parse
from garage_tui.core.documents.text.blocks import ExtractedText
from garage_tui.core.documents.text.normalise import normalise

_TEXTS = re.compile(
    r"(?:word/(?!media/|embeddings/|fonts/).*|\[Content_Types\]|_rels/.*|docProps/core)\.(?:xml|rels)|\[Content_Types\]\.xml|word/_rels/.*|docProps/core\.xml|_rels/\.rels",
    re.IGNORECASE,
)
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


def read_word_file(data: bytes) -> ExtractedText:
    """Return the text of a DOCX file: headings, paragraphs, lists, tables, notes; pictures are left out.

    Raises:
        BadInputError: it is damaged, or would fill the memory.
    """
    import mammoth

    archive = Archive(data)
    texts = io.BytesIO()
    left_out: list[str] = []
    # Only texts are given to the library: no pictures, no embedded files, and each as long as it was checked to be.
    with zipfile.ZipFile(texts, "w") as kept:
        for name in archive.names:
            if _TEXTS.fullmatch(name) and (part := archive.read(name)) is not None:
                if b"<!DOCTYPE" in part[:4096] or b"<!ENTITY" in part:
                    raise BadInputError(f"{name} in it declares entities of its own, which no Word file needs")
                kept.writestr(name, part)
    pictures = sum(name.startswith("word/media/") for name in archive.names)
    if pictures:
        left_out.append(f"{pictures} pictures" if pictures > 1 else "a picture")
    try:
        html = mammoth.convert_to_html(
            texts,
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(_no_picture),
            ignore_empty_paragraphs=True,
        ).value
    except (KeyError, ValueError, OSError, AttributeError, IndexError, TypeError) as error:
        raise BadInputError("it is a damaged Word file: its text cannot be found") from error
    except Exception as error:  # the errors of the XML parser have no common class
        if "expat" not in type(error).__module__:
            raise
        raise BadInputError("it is a damaged Word file: its text is no XML") from error
    root = parse(html) if html.strip() else None
    blocks = [found.block for found in html_blocks(root)] if root is not None else []
    return ExtractedText("DOCX", blocks, title=_title(archive), left_out=left_out)


def _no_picture(image: Any) -> dict[str, str]:
    return {"src": ""}


def _title(archive: Archive) -> str:
    core = archive.read("docProps/core.xml") or b""
    found = re.search(rb"<dc:title>([^<]{1,1000})</dc:title>", core)
    if not found:
        return ""
    import html

    return normalise(html.unescape(decoded(found[1])))[:200]
