"""A document as its owner reviews it: pages, the mark of every sentence, and the facts that each of them gave."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from garage_tui.core.documents.passage import Passage
from garage_tui.core.language.fold import fold
from garage_tui.core.proposals.changed_document import PlacedRow
from garage_tui.core.proposals.model_check import MODEL_CHECK
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.review.read_copy import ReadCopy, Standing
from garage_tui.core.school.ledger import FactStatus

Mark = Literal["proposed", "failing", "known", "taught", "refused", "none", "text", "outdated"]
MARKS: Mapping[Mark, str] = {
    "proposed": "a proposed fact passes every check and waits for you",
    "known": "the model answers it by itself",
    "taught": "its rows are in the facts file",
    "failing": "a proposed fact fails a check",
    "refused": "you refused what was proposed",
    "none": "it states something, and no fact was proposed",
    "text": "it states nothing: a heading, a question, a list",
    "outdated": "rows of the facts file quote it, and the document no longer says it",
}
"""What each mark says of a sentence. Of several that fit, the first one counts."""
_FULL_PAGE = 3000
"""Characters from which a new page begins where the format has no pages."""


@dataclass(frozen=True)
class DocumentRow:
    """A row of the facts file that came from this version of the document."""

    line: int
    """From 1."""
    start: int
    end: int
    statement: str
    question: str
    answer: str
    exam: bool
    status: FactStatus | None
    """What the ledger says of its fact; None where that is not known."""
    reason: str = ""


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence of a page."""

    start: int
    end: int
    """In the document's text."""
    text: str
    mark: Mark
    proposals: tuple[Proposal, ...] = ()
    """What was proposed from it, in any state."""
    rows: tuple[DocumentRow, ...] = ()
    outdated: tuple[PlacedRow, ...] = ()
    """Of `outdated`: the rows that quote it."""

    @property
    def states(self) -> bool:
        """Whether it can have a fact."""
        return self.mark != "text"

    @property
    def open(self) -> tuple[Proposal, ...]:
        """The proposals that wait for the owner."""
        return tuple(one for one in self.proposals if one.is_open)


@dataclass(frozen=True)
class DocumentPage:
    """A page of a document, or, where the format has none, a part of its text; its sentences are marked when asked."""

    number: int
    """As the document counts, from 1; 0 for a part of a text without pages, and for the page of what is outdated."""
    passages: tuple[Passage, ...] = ()
    is_outdated: bool = False
    """Whether it lists what the document no longer says, instead of text."""


class ReviewedDocument:
    """One document at one moment. Making it takes a while for a long one: do that in a thread.

    Args:
        proposals: of this version of the document.
        rows: of the facts file, of this version.
        outdated: rows of an earlier version of which this one no longer has the quote.
        standing: what became of the document on disk since it was read.
        problem: what could not be read beside it, in a sentence; empty if nothing.
        nearest: the quotes of outdated rows, each with the index of the sentence that is most like it.
    """

    def __init__(
        self,
        copy: ReadCopy,
        proposals: Sequence[Proposal],
        rows: Sequence[DocumentRow] = (),
        outdated: Sequence[PlacedRow] = (),
        standing: Standing = "",
        problem: str = "",
        nearest: Mapping[str, int] | None = None,
    ) -> None:
        self.copy, self.document = copy, copy.document
        self.standing, self.problem, self.outdated = standing, problem, tuple(outdated)
        self.proposals = sorted(proposals, key=lambda one: (one.start, one.end))
        self.rows = sorted(rows, key=lambda one: (one.start, one.line))
        self._nearest = nearest or {}
        self._starts = [start for start, _, _ in copy.sentences]
        self._proposals = self._by_sentence(self.proposals)
        self._rows = self._by_sentence(self.rows)
        self.pages = list(_pages(copy.document.passages))
        if self.outdated:
            self.pages.insert(0, DocumentPage(0, is_outdated=True))
        self.counts: Counter[Mark] = Counter(
            self._mark(index) for index, (_, _, states) in enumerate(copy.sentences) if states
        )
        if self.outdated:
            self.counts["outdated"] = len({row.quote for row in self.outdated})

    def sentences(self, page: int) -> list[MarkedSentence]:
        """Return the sentences of a page, by its index, each with its mark."""
        found = self.pages[page]
        if found.is_outdated:
            return self._outdated()
        sentences = []
        for passage in found.passages:
            first = bisect_left(self._starts, passage.start)
            for index in range(first, bisect_left(self._starts, passage.end)):
                sentences.append(self._sentence(index))
        return sentences

    def page_of(self, start: int) -> int:
        """Return the index of the page with a position of the text."""
        shift = len(self.pages) - len(self.pages[int(bool(self.outdated)) :])
        starts = [page.passages[0].start for page in self.pages[shift:]]
        return max(0, bisect_right(starts, start) - 1) + shift

    def open_on(self, page: int, *, passing: bool = False) -> list[Proposal]:
        """Return the proposals of a page that wait for the owner.

        Args:
            passing: only those that passed every check.
        """
        found = self.pages[page]
        if found.is_outdated or not found.passages:
            return []
        first, last = found.passages[0].start, found.passages[-1].end
        return [one for one in self.open(passing=passing) if first <= one.start < last]

    def open(self, *, passing: bool = False) -> list[Proposal]:
        """Return the proposals that wait for the owner, in the order of the document.

        Args:
            passing: only those that passed every check.
        """
        return [one for one in self.proposals if one.is_open and (one.passes or not passing)]

    def next_waiting(self, after: int, by: int) -> int | None:
        """Return where the next, or the last, open proposal before or after a position begins; None without any."""
        starts = [one.start for one in self.open()]
        found = [start for start in starts if (start > after if by > 0 else start < after)]
        return (min(found) if by > 0 else max(found)) if found else None

    def nearest(self, quote: str) -> MarkedSentence | None:
        """Return the sentence that is most like one that the document no longer has; None where none is like it."""
        index = self._nearest.get(quote)
        return None if index is None else self._sentence(index)

    def superseded_by(self, proposal: Proposal) -> list[PlacedRow]:
        """Return the outdated rows that ask what a proposal asks: accepting it supersedes those that say otherwise."""
        asks = {fold(question) for question in proposal.all_questions}
        return [row for row in self.outdated if fold(row.row.question) in asks]

    def passage_at(self, start: int) -> Passage | None:
        """Return the passage with a position of the text."""
        passages = self.document.passages
        found = bisect_right(passages, start, key=lambda one: one.start) - 1
        return passages[found] if found >= 0 and start < passages[found].end else None

    def _sentence(self, index: int) -> MarkedSentence:
        start, end, _ = self.copy.sentences[index]
        return MarkedSentence(
            start,
            end,
            self.document.text[start:end],
            self._mark(index),
            tuple(self._proposals.get(index, ())),
            tuple(self._rows.get(index, ())),
        )

    def _mark(self, index: int) -> Mark:
        proposals, rows = self._proposals.get(index, ()), self._rows.get(index, ())
        if any(one.is_open and one.passes for one in proposals):
            return "proposed"
        if rows:
            return "known" if all(row.status == "learned" for row in rows) else "taught"
        if any(_is_known(one) for one in proposals):
            return "known"
        if any(one.is_open for one in proposals):
            return "failing"
        if any(one.state == "refused" for one in proposals):
            return "refused"
        return "none" if self.copy.sentences[index][2] else "text"

    def _by_sentence(self, placed: Sequence[Proposal] | Sequence[DocumentRow]) -> dict[int, list[Any]]:
        """Return what belongs to each sentence, by its index: one that goes over two belongs to both."""
        found: dict[int, list[Any]] = {}
        for one in placed:
            at = max(0, bisect_right(self._starts, one.start) - 1)
            while at < len(self._starts) and self._starts[at] < one.end:
                if self.copy.sentences[at][1] > one.start:
                    found.setdefault(at, []).append(one)
                at += 1
        return found

    def _outdated(self) -> list[MarkedSentence]:
        quotes: dict[str, list[PlacedRow]] = {}
        for row in self.outdated:
            quotes.setdefault(row.quote, []).append(row)
        return [MarkedSentence(-1, -1, quote, "outdated", outdated=tuple(rows)) for quote, rows in quotes.items()]


def _is_known(proposal: Proposal) -> bool:
    """Return whether all that fails a proposal is that the model knew the fact before."""
    failed = proposal.failed
    return bool(failed) and all(check.name == MODEL_CHECK and "knows it already" in check.reason for check in failed)


def _pages(passages: Sequence[Passage]) -> Iterator[DocumentPage]:
    """Yield the pages with text; where the format has none, parts that end between passages, best at a heading."""
    group: list[Passage] = []
    for passage in passages:
        if group and _begins_page(group, passage):
            yield DocumentPage(group[0].page, tuple(group))
            group = []
        group.append(passage)
    if group or not passages:
        yield DocumentPage(group[0].page if group else 0, tuple(group))


def _begins_page(group: Sequence[Passage], passage: Passage) -> bool:
    if passage.page:
        return passage.page != group[0].page
    length = group[-1].end - group[0].start
    return length > _FULL_PAGE or (length > _FULL_PAGE / 2 and passage.heading != group[-1].heading)
