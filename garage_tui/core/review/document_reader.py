"""Reads what is on disk of a document under review: its copy, its proposals, its rows and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.documents.row_origin import PASSAGE
from garage_tui.core.facts.file import FactsFile, file_stamp, load_facts
from garage_tui.core.facts.line import Line
from garage_tui.core.language.fold import fold
from garage_tui.core.proposals.changed_document import PlacedRow, find_changed
from garage_tui.core.proposals.proposal_file import DocumentProposals, proposals_path, read_proposals
from garage_tui.core.review.read_copy import ReadCopy, Standing, copy_path, document_stamp, find_standing, load_copy
from garage_tui.core.review.reviewed_document import DocumentRow, ReviewedDocument
from garage_tui.core.school.ledger import Ledger, LedgerEntry, LedgerReader
from garage_tui.core.school.remember import facts_file
from garage_tui.core.settings.settings import Settings

_LIKE = 60.0
"""Similarity, of 100, from which a sentence counts as the new form of one that is gone."""


@dataclass
class _Cached:
    """The last file of its kind that was read, with its stamp."""

    stamp: object = None
    value: object = None


class DocumentReader:
    """Reads one document again and again; what did not change on disk is not read again. For one thread at a time."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace, self._settings = workspace, settings
        self._ledgers = LedgerReader(workspace)
        self._copies, self._proposals, self._facts = _Cached(), _Cached(), _Cached()
        self._rows, self._standings = _Cached(), _Cached()

    @property
    def facts_file(self) -> Path:
        """The facts file that accepted facts go into."""
        return facts_file(self._workspace, self._settings)

    def stamp(self, name: str) -> object:
        """Return a value that is another one once `read` may return something else; it reads no file."""
        files = (copy_path(self._workspace, name), proposals_path(self._workspace, name), self.facts_file)
        return name, *map(file_stamp, files), document_stamp(self._workspace, name), self._ledgers.stamp()

    def read(self, name: str) -> ReviewedDocument | None:
        """Return a document as it is now; None where it was never read. It reads the disk: call it in a thread.

        Raises:
            GarageError: its proposals cannot be read.
        """
        copy = self._copy(name)
        if copy is None:
            return None
        sha256 = copy.document.sha256
        proposals = [one for one in self._read_proposals(name).proposals.values() if one.sha256 == sha256]
        rows, outdated, problem = self._read_rows(copy)
        nearest = _nearest(copy, {row.quote for row in outdated})
        return ReviewedDocument(copy, proposals, rows, outdated, self._standing(copy), problem, nearest)

    def _copy(self, name: str) -> ReadCopy | None:
        path = copy_path(self._workspace, name)
        stamp = file_stamp(path)
        if self._copies.stamp != (name, stamp):
            self._copies = _Cached((name, stamp), load_copy(path) if stamp else None)
        value = self._copies.value
        return value if isinstance(value, ReadCopy) else None

    def _read_proposals(self, name: str) -> DocumentProposals:
        path = proposals_path(self._workspace, name)
        stamp = (path, file_stamp(path))
        if self._proposals.stamp != stamp or not isinstance(self._proposals.value, DocumentProposals):
            self._proposals = _Cached(stamp, read_proposals(path))
        assert isinstance(self._proposals.value, DocumentProposals)
        return self._proposals.value

    def _standing(self, copy: ReadCopy) -> Standing:
        stamp = (copy.document.name, copy.document.sha256, document_stamp(self._workspace, copy.document.name))
        if self._standings.stamp != stamp:
            self._standings = _Cached(stamp, find_standing(self._workspace, copy))
        found: Standing = self._standings.value  # type: ignore[assignment]
        return found

    def _read_rows(self, copy: ReadCopy) -> tuple[list[DocumentRow], list[PlacedRow], str]:
        """Return the rows of this version, those that it outdates, and what could not be read."""
        path = self.facts_file
        stamp = (copy.document.name, copy.document.sha256, path, file_stamp(path), self._ledgers.stamp())
        if self._rows.stamp != stamp:
            self._rows = _Cached(stamp, self._made_rows(copy, path))
        found: tuple[list[DocumentRow], list[PlacedRow], str] = self._rows.value  # type: ignore[assignment]
        return found

    def _made_rows(self, copy: ReadCopy, path: Path) -> tuple[list[DocumentRow], list[PlacedRow], str]:
        if not file_stamp(path):
            return [], [], ""
        try:
            file = load_facts(path)
        except GarageError as error:
            return [], [], str(error)
        placed = _placed(file.lines, copy.document.name)
        outdated = [row for row in find_changed(file.lines, copy.document.passages) if row.is_outdated]
        ledger = self._ledgers.read(FactsFile(path, file.lines)) if placed else Ledger()
        entries = {fold(entry.content): entry for entry in ledger.entries if entry.lines}
        rows = [
            row for number, line in placed if (row := _row(number, line, copy.document.sha256, entries)) is not None
        ]
        return rows, outdated, ledger.problem


def _placed(lines: Sequence[Line], document: str) -> list[tuple[int, Line]]:
    """Return the lines that came from a document, each with its number from 1."""
    return [
        (number, line)
        for number, line in enumerate(lines, 1)
        if line.fact and isinstance(place := line.fact.extra.get(PASSAGE), dict) and place.get("document") == document
    ]


def _row(number: int, line: Line, sha256: str, entries: dict[str, LedgerEntry]) -> DocumentRow | None:
    """Return the row of a line; None where it came from another version, or says its place in no usable way."""
    assert line.fact
    place = line.fact.extra[PASSAGE]
    start, end = place.get("start"), place.get("end")
    if place.get("sha256") != sha256 or not isinstance(start, int) or not isinstance(end, int):
        return None
    entry = entries.get(fold(line.fact.content))
    return DocumentRow(
        number,
        start,
        end,
        line.fact.content,
        line.fact.question,
        line.fact.answer,
        line.fact.exam,
        entry.status if entry else None,
        entry.reason if entry else "",
    )


def _nearest(copy: ReadCopy, quotes: set[str]) -> dict[str, int]:
    """Return for each quote the index of the sentence that is most like it, where one is."""
    if not quotes:
        return {}
    from rapidfuzz import fuzz, process

    texts = [copy.document.text[start:end] if states else None for start, end, states in copy.sentences]
    found = {
        quote: process.extractOne(quote, texts, scorer=fuzz.token_sort_ratio, score_cutoff=_LIKE) for quote in quotes
    }
    return {quote: hit[2] for quote, hit in found.items() if hit}
