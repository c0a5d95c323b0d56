"""Reads PDF files (pdfium)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

import pypdfium2 as pdfium

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.documents.pdf.characters import MAX_CHARACTERS, PageText, read_page
from garage_tui.core.documents.pdf.headings import OutlineEntry, PdfOutline, heading_levels
from garage_tui.core.documents.pdf.legibility import why_illegible
from garage_tui.core.documents.pdf.lines import TextLine, read_lines
from garage_tui.core.documents.pdf.paragraphs import (
    Paragraph,
    is_contents_line,
    join_over_breaks,
    read_paragraphs,
    usual_layout,
)
from garage_tui.core.documents.text.blocks import Block, ExtractedText, page_list
from garage_tui.core.documents.text.normalise import LineJoiner, normalise, normalise_code
from garage_tui.core.documents.text.repeats import EdgeLine, repeated

MAX_PAGES = 5000
_TOLERANCE = 3.0
"""Points between two lines at the same place of two pages."""
_MARGIN = 0.13
"""Share of a page at its top and its bottom where headers and footers are."""


class _Pages:
    """What is read of each page, and why a page is left out."""

    def __init__(self) -> None:
        self.lines: dict[int, list[TextLine]] = {}
        self.reasons: dict[str, list[int]] = {}
        self.heights: dict[int, float] = {}

    def leave_out(self, page: int, reason: str) -> None:
        self.reasons.setdefault(reason, []).append(page)


def read_pdf(
    data: bytes, on_page: Callable[[int, int], None] = lambda page, pages: None, skipped: Collection[int] = ()
) -> ExtractedText:
    """Return the text of a PDF file.

    Args:
        on_page: called before each page, with its number and how many there are.
        skipped: pages that are not to be read.

    Raises:
        BadInputError: it is encrypted, or no PDF that can be read.
    """
    document = _open(data)
    count = len(document)
    pages = _Pages()
    for number in range(1, min(count, MAX_PAGES) + 1):
        on_page(number, count)
        if number not in skipped:
            _read(document, number, pages)
    if count > MAX_PAGES:
        for number in range(MAX_PAGES + 1, count + 1):
            pages.leave_out(number, f"only the first {MAX_PAGES:,} pages of a file are read")
    extracted = ExtractedText("PDF", [], title=_title(document), pages=count)
    _take_repeats(pages)
    _take_contents(pages)
    extracted.blocks = _blocks(pages, PdfOutline(_outline(document)))
    extracted.left_out = [f"{page_list(numbers)}: {reason}" for reason, numbers in pages.reasons.items()]
    return extracted


def _open(data: bytes) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(data)
        if not len(document):
            raise BadInputError("it is a PDF without pages")
        return document
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise BadInputError(
                "it is encrypted: open it with its password, print it into a new PDF, and read that one"
            ) from error
        raise BadInputError("it is a damaged PDF: not even its list of pages can be read") from error


def _read(document: pdfium.PdfDocument, number: int, pages: _Pages) -> None:
    """Read one page."""
    try:
        page = document[number - 1]
        text = read_page(page)
        page.close()
    except pdfium.PdfiumError:
        pages.leave_out(number, "damaged, cannot be read")
        return
    if reason := _why_left_out(text):
        pages.leave_out(number, reason)
        return
    if text.hidden:
        pages.leave_out(number, "text that nobody can see on the page: invisible, tiny or outside of it")
    if text.is_cut:
        pages.leave_out(number, f"all after the first {MAX_CHARACTERS:,} characters")
    pages.lines[number] = read_lines(text)
    pages.heights[number] = text.height


def _why_left_out(text: PageText) -> str:
    """Return why a page has no text that could be used, or an empty text."""
    visible = sum(not character.text.isspace() for character in text.characters)
    if not visible:
        if text.has_picture:
            return "scanned, no text"
        if text.has_drawing:
            return "drawn, no text: its letters are lines and curves"
        return "its text cannot be seen: invisible, tiny or outside of the page" if text.hidden else "empty"
    return why_illegible("".join(character.text for character in text.characters), text.unreadable)


def _take_repeats(pages: _Pages) -> None:
    """Take headers, footers and page numbers off the pages."""
    numbers = list(pages.lines)
    taken: dict[int, set[int]] = {number: set() for number in numbers}
    for is_top in (True, False):
        orders = {number: _from_edge(pages.lines[number], is_top) for number in numbers}
        edges = [_edge(pages, number, orders[number], is_top) for number in numbers]
        zones = [_MARGIN * pages.heights[number] for number in numbers]
        for number, found in zip(numbers, repeated(edges, _TOLERANCE, zones), strict=True):
            taken[number].update(orders[number][index] for index in found)
    for number, indices in taken.items():
        if indices:
            pages.lines[number] = [line for index, line in enumerate(pages.lines[number]) if index not in indices]
            pages.leave_out(number, "header, footer or page number")


def _from_edge(lines: Sequence[TextLine], is_top: bool) -> list[int]:
    """Return the indices of lines, from the top or bottom of the page on."""
    return sorted(range(len(lines)), key=lambda index: lines[index].baseline, reverse=is_top)


def _edge(pages: _Pages, number: int, order: Sequence[int], is_top: bool) -> list[EdgeLine]:
    lines, height = pages.lines[number], pages.heights[number]
    edge: list[EdgeLine] = []
    for position, index in enumerate(order[:4]):
        line = lines[index]
        beyond = lines[order[position + 1]].baseline if position + 1 < len(order) else line.baseline + 100
        gap = abs(line.baseline - beyond) / (line.size or 10)
        edge.append(EdgeLine(line.text, height - line.baseline if is_top else line.baseline, gap))
    return edge


def _take_contents(pages: _Pages) -> None:
    """Take the lines of tables of contents off the pages."""
    for number, lines in pages.lines.items():
        kept = [line for line in lines if not is_contents_line(line)]
        if len(lines) - len(kept) >= 2:
            pages.lines[number] = kept
            pages.leave_out(number, "table of contents or index")


def _blocks(pages: _Pages, outline: PdfOutline) -> list[Block]:
    layout = usual_layout(pages.lines.values())
    paragraphs: list[Paragraph] = []
    for number, lines in pages.lines.items():
        paragraphs += read_paragraphs(lines, number, layout)
    levels = heading_levels(paragraphs, layout, outline)
    for paragraph, level in zip(paragraphs, levels, strict=True):
        if level:
            paragraph.kind, paragraph.is_open = "heading", False
    by_paragraph = {id(paragraph): level for paragraph, level in zip(paragraphs, levels, strict=True)}
    joiner = LineJoiner(line.text for lines in pages.lines.values() for line in lines)
    return [
        _block(paragraph, by_paragraph[id(paragraph)], joiner) for paragraph in join_over_breaks(paragraphs, layout)
    ]


def _block(paragraph: Paragraph, level: int, joiner: LineJoiner) -> Block:
    texts = [line.text for line in paragraph.lines]
    if paragraph.kind == "code":
        left = min(line.left for line in paragraph.lines)
        indented = (" " * round((line.left - left) / (0.6 * line.size or 6)) + line.text for line in paragraph.lines)
        return Block("code", normalise_code("\n".join(indented)), page=paragraph.page)
    return Block(paragraph.kind, joiner.join(texts), level, paragraph.page)


def _title(document: pdfium.PdfDocument) -> str:
    try:
        title = normalise(document.get_metadata_value("Title"))
    except pdfium.PdfiumError:
        return ""
    # What programs write there by themselves is the name of a file, or of themselves.
    return (
        ""
        if re.search(r"\.(?:docx?|tex|dvi|indd|pdf|odt)$|^(?:Microsoft|untitled)", title, re.IGNORECASE)
        else title[:200]
    )


def _outline(document: pdfium.PdfDocument) -> list[OutlineEntry]:
    entries: list[OutlineEntry] = []
    try:
        for bookmark in document.get_toc(max_depth=8):
            destination = bookmark.get_dest()
            index = destination.get_index() if destination else None
            entries.append(OutlineEntry(bookmark.get_title(), bookmark.level + 1, 0 if index is None else index + 1))
            if len(entries) >= 20_000:
                break
    except (pdfium.PdfiumError, ValueError):
        return []
    return entries
