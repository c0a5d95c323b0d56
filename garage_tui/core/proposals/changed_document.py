"""What a changed document does to the facts that were accepted from it: moved, or no longer said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.workspace import journals_folder
from garage_tui.core.documents.passage import Passage
from garage_tui.core.documents.row_origin import PASSAGE
from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.facts.store import FactsStore
from garage_tui.core.proposals.normal_text import NormalText, find_quote, normal_text

_TRIES = 50


@dataclass(frozen=True)
class PlacedRow:
    """A row of a facts file that came from an earlier version of a document."""

    line: int
    """From 1."""
    row: Fact
    quote: str
    place: Passage | None
    """Where the document says it now: a passage whose text is the quote; None where it no longer does."""

    @property
    def is_outdated(self) -> bool:
        return self.place is None


def find_changed(lines: Sequence[Line], passages: Sequence[Passage]) -> list[PlacedRow]:
    """Return the rows that came from another version of a document, each with where the new version says the same.

    Args:
        lines: of the facts file.
        passages: of the document as it is now, in its order.
    """
    if not passages:
        return []
    document, sha256 = passages[0].document, passages[0].sha256
    text: _DocumentText | None = None
    found: list[PlacedRow] = []
    known: dict[str, Passage | None] = {}
    for number, line in enumerate(lines, 1):
        place = line.fact.extra.get(PASSAGE) if line.fact else None
        if not line.fact or not isinstance(place, dict) or place.get("document") != document:
            continue
        quote = place.get("quote")
        if place.get("sha256") == sha256 or not isinstance(quote, str):
            continue
        if quote not in known:
            text = text or _DocumentText(passages)
            known[quote] = text.find(quote)
        found.append(PlacedRow(number, line.fact, quote, known[quote]))
    return found


def outdated_quotes(rows: Sequence[PlacedRow]) -> frozenset[str]:
    """Return the quotes that the document no longer has, as `acceptance.accept` takes them."""
    return frozenset(row.quote for row in rows if row.is_outdated)


def move_rows(path: Path, passages: Sequence[Passage]) -> list[PlacedRow]:
    """Write the new places of rows into a facts file, and return all rows that came from an earlier version.

    A row whose quote the new version has gets its page and span there.

    Rows that the document no longer supports stay as they are: the owner, or an accepted proposal, decides about them.

    Raises:
        GarageError: the file cannot be read or written; it is then as it was.
    """
    for _ in range(_TRIES):
        store = FactsStore(path, journals_folder(), if_unsaved="nothing was changed")
        try:
            rows = find_changed(store.document.lines, passages)
            edits: list[tuple[Line, dict[str, object] | None]] = []
            for row in rows:
                if row.place:
                    line = store.document.lines[row.line - 1]
                    edits.append((line, {PASSAGE: {**row.row.extra[PASSAGE], **_place(row.place)}}))
            if not edits:
                return rows
            store.edit_all(edits, "a changed document")
            if store.save() is None:
                return rows
        finally:
            store.abandon()
    raise GarageError(f"{path} is written by others all the time, so nothing was changed: try again")


def _place(place: Passage) -> dict[str, object]:
    return {"sha256": place.sha256, "page": place.page, "start": place.start, "end": place.end}


class _DocumentText:
    """The text of a document over its passages, so that a quote is found that goes over the end of one."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._starts: list[int] = []
        at = 0
        for passage in passages:
            self._starts.append(at)
            at += len(passage.text) + 1
        self._normal: NormalText = normal_text("\n".join(passage.text for passage in passages))

    def find(self, quote: str) -> Passage | None:
        """Return where a quote stands, as a passage of its own; None where it does not."""
        span = find_quote(quote, self._normal)
        if span is None:
            return None
        first, start = self._locate(span[0])
        last, end = self._locate(span[1] - 1)
        return Passage(
            document=first.document,
            sha256=first.sha256,
            page=first.page,
            start=first.start + start,
            end=last.start + end + 1,
            heading=first.heading,
            text=quote,
        )

    def _locate(self, at: int) -> tuple[Passage, int]:
        index = max(number for number, start in enumerate(self._starts) if start <= at)
        return self._passages[index], at - self._starts[index]
