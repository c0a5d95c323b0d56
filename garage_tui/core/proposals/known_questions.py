"""The questions that facts and proposals ask already, with what they answer: near duplicates, and contradictions."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from garage_tui.core.documents.row_origin import PASSAGE
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.near_duplicates import CHUNK_SIZE, find_near_duplicates, strip_punctuation
from garage_tui.core.language.entities import find_entities
from garage_tui.core.language.fold import fold
from garage_tui.core.language.relation_phrases import relation_phrases
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.proposals.stated_values import missing_values
from garage_tui.core.proposals.support import MAX_ADDED, stems
from garage_tui.core.rewording.similar_names import find_subject
from garage_tui.core.school.same_statement import says_same

_CUTOFF = 80.0
"""Similarity, of 100, from which two questions are compared closely; `find_near_duplicates` asks for 90 and more."""
_SHORT = 3
"""Words of a question beside its names up to which its relation says all that it asks."""
_MAX_RELATIONS = 50_000
"""Questions whose relation is kept: some 15 MB."""


@dataclass(frozen=True)
class KnownQuestion:
    """A question that is asked already."""

    question: str
    answer: str
    statement: str
    exam: bool
    source: str
    """Where it stands, for a person: `line 12 of garage.jsonl`, `manual.pdf, page 3`."""
    quote: str = ""
    id: str = ""
    """Of the proposal; empty for a row of a facts file."""


class KnownQuestions:
    """An index of questions and statements that grows while proposals are checked."""

    def __init__(self) -> None:
        self._entries: list[KnownQuestion] = []
        self._texts: list[str] = []
        self._statements: dict[str, KnownQuestion] = {}
        self._relations: dict[bytes, list[KnownQuestion]] = {}

    def add_rows(self, rows: Iterable[tuple[int, Fact]], file: str) -> None:
        """Add the rows of a facts file, each with its line from 1; statements without a question too."""
        for number, row in rows:
            source = f"line {number} of {file}"
            known = KnownQuestion(row.question, row.answer, row.content, row.exam, source, quote_of(row))
            if row.question:
                self._add(known)
            self._statements.setdefault(fold(row.content), known)

    def add(self, proposal: Proposal) -> None:
        """Add the questions of a proposal."""
        for question in proposal.all_questions:
            exam = question == proposal.exam_question
            known = KnownQuestion(
                question, proposal.answer, proposal.statement, exam, proposal.where, proposal.quote, proposal.id
            )
            self._add(known)
            self._statements.setdefault(fold(proposal.statement), known)

    def stating(self, statement: str) -> KnownQuestion | None:
        """Return what states the same in the same words; None if nothing does."""
        return self._statements.get(fold(statement))

    def asking(self, question: str) -> list[KnownQuestion]:
        """Return what asks the same: in nearly the same words, or for the same relation of the same subject."""
        found = dict.fromkeys(self._near(question))
        same = self._relations.get(_relation(question), ())
        found.update(dict.fromkeys(one for one in same if _ask_alike(question, one.question)))
        return list(found)

    def _near(self, question: str) -> list[KnownQuestion]:
        from rapidfuzz import fuzz, process

        text = strip_punctuation(question)
        near: list[KnownQuestion] = []
        for start in range(0, len(self._texts), CHUNK_SIZE):
            hits = process.extract(
                text,
                self._texts[start : start + CHUNK_SIZE],
                scorer=fuzz.token_sort_ratio,
                score_cutoff=_CUTOFF,
                limit=None,
            )
            near += [self._entries[start + index] for _, _, index in hits]
        return [near[index] for index in find_near_duplicates(question, [one.question for one in near])]

    def _add(self, known: KnownQuestion) -> None:
        self._entries.append(known)
        self._texts.append(strip_punctuation(known.question))
        if relation := _relation(known.question):
            self._relations.setdefault(relation, []).append(known)


def _ask_alike(question: str, other: str) -> bool:
    """Return whether two questions with one relation can ask the same: a long one asks for more than its relation."""
    mine, theirs = (stems(one) - stems(" ".join(find_entities(one))) for one in (question, other))
    more = max(len(mine), len(theirs))
    return more <= _SHORT or 4 * len(mine & theirs) >= 3 * more


def quote_of(row: Fact) -> str:
    """Return the quote of a row that came from a document; empty for any other row."""
    place = row.extra.get(PASSAGE)
    quote = place.get("quote") if isinstance(place, dict) else None
    return quote if isinstance(quote, str) else ""


def answers_alike(questions: Sequence[str], answer: str, other: str) -> bool:
    """Return whether two answers to the same question agree: one says what the other says, or a part of it."""
    question = " ".join(questions)
    if says_same(question, answer, other):
        return True
    return any(_is_part(short, long, question) for short, long in ((answer, other), (other, answer)))


def _is_part(short: str, long: str, question: str) -> bool:
    """Return whether a longer answer has all that a shorter one says beyond the question."""
    mine = stems(short) - stems(question)
    return not missing_values(short, long, [question]) and len(mine - stems(long)) <= MAX_ADDED * len(mine)


@functools.lru_cache(maxsize=_MAX_RELATIONS)
def _relation(question: str) -> bytes:
    """Return what a question asks of its subject, the same for all wordings; empty where that is not known.

    It depends on the question alone, and takes most of the time of an index. It is kept, so that the index for the next
    edit of the owner is made of what was found for the one before, also after the facts file has changed. As it is
    only compared, a digest does.
    """
    subject = find_subject(question)
    phrases = relation_phrases(question, subject) if subject else []
    if not phrases:
        return b""
    parts = "\0".join((*phrases, *sorted(find_entities(question))))
    return hashlib.blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16).digest()
