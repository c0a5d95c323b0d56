"""Documents and their passages: what reading a file or a web page returns."""

from __future__ import annotations

import msgspec


class Passage(msgspec.Struct, frozen=True):
    """A piece of a document: its text, and where it stands."""

    document: str
    """Name as the owner gave it: a path relative to the workspace, an absolute path, or a URL."""
    sha256: str
    """Of the document's bytes, in lower-case hex."""
    page: int
    """The page that it begins on, from 1; 0 where the format has no pages."""
    start: int
    """Offset of the text's first character in `Document.text`."""
    end: int
    """Offset after its last character."""
    heading: str
    """The headings above it, joined by " › "; empty without."""
    text: str
    """Normalised: hyphenation at line ends undone, ligatures split, blanks joined. Paragraphs, items of a list and rows
    of a table are lines."""


class Document(msgspec.Struct, frozen=True):
    """A file or a web page as it was read; `text[passage.start : passage.end] == passage.text` for each passage."""

    name: str
    """As the owner gave it, like `Passage.document`."""
    sha256: str
    """Of its bytes, in lower-case hex."""
    title: str
    """As the document gives it, or else its file name."""
    format: str
    """`PDF`, `HTML`, `DOCX`, `EPUB`, `Markdown`, `manual page` or `text`."""
    pages: int
    """How many pages it has; 0 where the format has no pages."""
    text: str
    """The whole extracted text: a line for each heading, paragraph, item of a list and row of a table."""
    passages: tuple[Passage, ...]
    """In the order of the text; each sentence is in exactly one of them."""
    left_out: tuple[str, ...] = ()
    """What was not read and why, a sentence fragment each: "page 12: scanned, no text"."""
    notes: tuple[str, ...] = ()
    """What to know about text that was read: "not UTF-8: read as cp1252, which is a guess"."""
