"""The sentence of a document that a row of a facts file came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from garage_tui.core.base.sanitize import shown_line

PASSAGE = "passage"
"""The key of a row that says where it stands in a document: document, sha256, page, start, end, quote."""


class RowOrigin(NamedTuple):
    """Where in which document a row came from."""

    document: str
    """Its name as the owner gave it."""
    page: int
    """From 1; 0 where the document has no pages."""
    start: int
    """Where the sentence begins in the document's text, in characters."""
    quote: str

    @property
    def citation(self) -> str:
        """Document and page, for people: "manual.pdf, page 12"."""
        return shown_line(self.document, 100) + (f", page {self.page}" if self.page else "")

    @property
    def text(self) -> str:
        """Document, page and sentence, and the key that shows them."""
        return f"from {self.citation} (p shows it): “{shown_line(self.quote, 300)}”"


def read_origin(extra: Mapping[str, object]) -> RowOrigin | None:
    """Return the origin that the other keys of a row name; None where they name none in a usable way."""
    place = extra.get(PASSAGE)
    if not isinstance(place, dict):
        return None
    document, page, start, quote = (place.get(key) for key in ("document", "page", "start", "quote"))
    if not (isinstance(document, str) and isinstance(start, int) and isinstance(quote, str)):
        return None
    return RowOrigin(document, page if isinstance(page, int) and page > 0 else 0, max(0, start), quote)
