"""Documents for tests: real PDF, DOCX and EPUB files, made where a test needs them."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
PROSE = (
    "The pump of the greenhouse was made in 1987 by Halvard Brekke. It moves forty litres a minute, and it needs new "
    "oil every spring. Whoever opens its lid first turns the red valve, because the pressure would otherwise throw the "
    "gasket across the room. The spare gasket is in the second drawer of the workbench."
)


def make_pdf(path: Path, *pages: Callable[[Canvas], object], **properties: object) -> Path:
    """Write a PDF with a page for each function, which draws it."""
    canvas = Canvas(str(path), pagesize=A4, **properties)
    for draw in pages:
        canvas.setFont("Helvetica", 10)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return path


def lines(canvas: Canvas, texts: Sequence[str], x: float = 72, top: float = HEIGHT - 100, leading: float = 12) -> float:
    """Draw lines below each other; return the height of the next one."""
    for text in texts:
        canvas.drawString(x, top, text)
        top -= leading
    return top


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most so many characters."""
    import textwrap

    return textwrap.wrap(text, width)


def prose_page(number: int) -> Callable[[Canvas], object]:
    """Return what draws a page of prose that no other page has."""
    names = random.Random(number).sample(["Ada", "Berit", "Carl", "Dagny", "Egil", "Frida", "Geir", "Hanne"], 4)
    text = " ".join(
        f"{name} wrote this about the pump, long before the others came to the house. {PROSE}" for name in names
    )
    return lambda canvas: lines(canvas, wrapped(text, 95))


_CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
    'Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STYLES = (
    f'<?xml version="1.0"?><w:styles xmlns:w="{_WORD}"><w:style w:type="paragraph" w:styleId="Heading1"><w:name '
    'w:val="heading 1"/></w:style><w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/>'
    "</w:style></w:styles>"
)
_STYLES_RELATION = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" '
    'Target="styles.xml"/></Relationships>'
)


def word_paragraph(text: str, style: str = "") -> str:
    """Return a paragraph of WordprocessingML."""
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def word_table(*rows: Sequence[str]) -> str:
    """Return a table of WordprocessingML."""
    cells = ("".join(f"<w:tc>{word_paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def make_docx(path: Path, *body: str, **parts: str) -> Path:
    """Write a Word file. Further parts are named with `__` for `/`, and without their `.xml`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _CONTENT_TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr("word/_rels/document.xml.rels", _STYLES_RELATION)
        archive.writestr("word/styles.xml", _STYLES)
        text = f'<?xml version="1.0"?><w:document xmlns:w="{_WORD}"><w:body>{"".join(body)}</w:body></w:document>'
        archive.writestr("word/document.xml", text)
        for name, content in parts.items():
            archive.writestr(f"{name.replace('__', '/')}.xml", content)
    return path


def make_epub(path: Path, *chapters: str, title: str = "The Book") -> Path:
    """Write an EPUB with a web page for each chapter."""
    names = [f"chapter{number}.xhtml" for number in range(1, len(chapters) + 1)]
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in names)
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
            'full-path="OEBPS/book.opf"/></rootfiles></container>',
        )
        archive.writestr(
            "OEBPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:title>{title}</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>",
        )
        for name, chapter in zip(names, chapters, strict=True):
            archive.writestr(f"OEBPS/{name}", f"<html><body>{chapter}</body></html>")
    return path


def zip_bomb(size: int, name: str = "word/document.xml") -> bytes:
    """Return a small zip archive with a member that has `size` bytes unpacked."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as member:
        for _ in range(size // 1_000_000):
            member.write(bytes(1_000_000))
    return made.getvalue()
