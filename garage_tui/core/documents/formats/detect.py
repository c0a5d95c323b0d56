"""Which format a document has, by its bytes first and by its name second; and the reader for it."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Collection

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import human_bytes
from garage_tui.core.documents.text.blocks import ExtractedText
from garage_tui.core.documents.text.encoding import decode, is_text

MAX_UNPACKED = 200_000_000
"""Bytes of a file that gzip has packed, unpacked."""
_HTML = re.compile(
    rb"^\s*(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Word, Excel or PowerPoint file", "save it as DOCX or PDF"),
    (b"{\\rtf", "an RTF file", "save it as DOCX or PDF"),
    (b"\x89PNG", "a picture", "run text recognition (OCR) on it and save a PDF"),
    (b"\xff\xd8\xff", "a picture", "run text recognition (OCR) on it and save a PDF"),
    (b"GIF8", "a picture", "run text recognition (OCR) on it and save a PDF"),
    (b"%!PS", "a PostScript file", "convert it with `ps2pdf`"),
    (b"\x7fELF", "a program", ""),
    (b"AT&TFORM", "a DjVu file", "convert it to PDF"),
    (b"7z\xbc\xaf", "an archive", "unpack it"),
    (b"BZh", "an archive", "unpack it"),
    (b"\xfd7zXZ", "an archive", "unpack it"),
    (b"Rar!", "an archive", "unpack it"),
)


def read_bytes(
    data: bytes,
    name: str,
    declared: str = "",
    on_page: Callable[[int, int], None] = lambda page, pages: None,
    skipped: Collection[int] = (),
) -> ExtractedText:
    """Return the text of a document.

    Args:
        name: of the file, or the path of the URL; its end counts where the bytes do not tell the format.
        declared: the encoding that a server names, if any.
        on_page, skipped: as `pdf.reader.read_pdf` takes them.

    Raises:
        BadInputError: garage cannot read it; the text says why.
    """
    name = name.lower()
    if data.startswith(b"\x1f\x8b"):
        data, name = _unpacked(data), name.removesuffix(".gz")
    if not data.strip():
        raise BadInputError("it is empty")
    if b"%PDF-" in data[:1024]:
        from garage_tui.core.documents.pdf.reader import read_pdf

        return read_pdf(data, on_page, skipped)
    if data.startswith(b"PK\x03\x04"):
        return _read_archive(data)
    for mark, kind, advice in _FOREIGN:
        if data.startswith(mark):
            raise BadInputError(f"it is {kind}, which garage does not read{f': {advice}' if advice else ''}")
    if _HTML.match(data[:20_000]) or name.endswith((".html", ".htm", ".xhtml")):
        from garage_tui.core.documents.formats.web_page import read_web_page

        return read_web_page(data, declared)
    return _read_text(data, name, declared)


def _read_archive(data: bytes) -> ExtractedText:
    from garage_tui.core.documents.formats.archive import Archive

    archive = Archive(data)
    names = set(archive.names)
    if "word/document.xml" in names or any(re.fullmatch(r"word/document\d*\.xml", one) for one in names):
        from garage_tui.core.documents.formats.word_file import read_word_file

        return read_word_file(data)
    if "META-INF/container.xml" in names:
        from garage_tui.core.documents.formats.epub import read_epub

        return read_epub(data)
    if "content.xml" in names or any(name.startswith(("xl/", "ppt/")) for name in names):
        raise BadInputError("it is an office file that garage does not read: save it as DOCX or PDF")
    raise BadInputError("it is an archive: unpack it, and read the folder")


def _read_text(data: bytes, name: str, declared: str) -> ExtractedText:
    text, note = decode(data, declared)
    if not is_text(text):
        raise BadInputError("it is no text, and in no format that garage reads (PDF, HTML, DOCX, EPUB, Markdown, text)")
    from garage_tui.core.documents.formats.manual_page import is_manual_page, read_manual_page

    if is_manual_page(text):
        extracted = read_manual_page(text)
    elif name.endswith((".md", ".markdown", ".mdown", ".mkd")):
        from garage_tui.core.documents.formats.markdown_text import read_markdown

        extracted = read_markdown(text)
    else:
        from garage_tui.core.documents.formats.plain_text import read_plain_text

        extracted = read_plain_text(text)
    extracted.notes += [note] if note else []
    return extracted


def _unpacked(data: bytes) -> bytes:
    """Return what gzip has packed.

    Raises:
        BadInputError: it is damaged, or too much.
    """
    import gzip

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            unpacked = file.read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInputError("it is damaged: it cannot be unpacked (gzip)") from error
    if len(unpacked) > MAX_UNPACKED:
        raise BadInputError(f"unpacked it has more than {human_bytes(MAX_UNPACKED)}")
    return unpacked
