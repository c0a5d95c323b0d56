"""A proposed fact: what it says, the sentence of a document that says so, and the checks that it went through."""

from __future__ import annotations

import hashlib
from typing import Literal, get_args

import msgspec

ProposalState = Literal["proposed", "edited", "accepted", "refused"]
STATES: tuple[ProposalState, ...] = get_args(ProposalState)
"""`edited`: the owner changed it, and it is still to be accepted."""
RULES = "rules"
"""The writer of a proposal that no model wrote."""


class ProposalCheck(msgspec.Struct, frozen=True):
    """What one check says about a proposal."""

    name: str
    """`quote`, `values`, `support`, `subject`, `instructions`, `questions`, `duplicate`, `contradiction`, `model`."""
    passed: bool
    reason: str
    """Why it passed or did not, as a clause without a full stop."""


class Proposal(msgspec.Struct, frozen=True):
    """A fact that a writer proposes from one passage of a document."""

    id: str
    """The same for the same fact from the same passage, so that nothing is proposed twice."""
    document: str
    """The document's name as the owner gave it."""
    sha256: str
    """Of the document's bytes, in lower-case hex."""
    page: int
    """From 1; 0 where the format has no pages."""
    start: int
    """Offset of the quote in the document's text; of the passage where the quote is not found in it."""
    end: int
    heading: str
    quote: str
    """The sentence, or the sentences, of the document that say so."""
    statement: str
    """The fact as one sentence that is understood without the document."""
    questions: tuple[str, ...]
    """Those that a run teaches."""
    exam_question: str
    """The one that no run trains on; empty where there is none."""
    answer: str
    must: tuple[str | tuple[str, ...], ...] = ()
    """What a right answer contains; of a tuple, one is enough."""
    writer: str = RULES
    """Who wrote it: `rules`, or the id of a model."""
    state: ProposalState = "proposed"
    checks: tuple[ProposalCheck, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether it was checked, and passed every check."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def is_open(self) -> bool:
        """Whether the owner has not decided about it yet."""
        return self.state in ("proposed", "edited")

    @property
    def failed(self) -> tuple[ProposalCheck, ...]:
        """The checks that it did not pass."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def all_questions(self) -> tuple[str, ...]:
        """The taught questions, then the exam question."""
        return (*self.questions, *([self.exam_question] if self.exam_question else []))

    @property
    def where(self) -> str:
        """The document and, where it has pages, the page."""
        return f"{self.document}, page {self.page}" if self.page else self.document


class WrittenFact(msgspec.Struct, frozen=True):
    """What a writer returns for a passage, before anything of it is checked."""

    statement: str
    quote: str
    questions: tuple[str, ...]
    exam_question: str
    answer: str
    must: tuple[str | tuple[str, ...], ...] = ()


def proposal_id(document: str, sha256: str, start: int, fact: WrittenFact) -> str:
    """Return the id of a proposal: twelve hex digits of a hash of what makes it the same one."""
    text = "\0".join((document, sha256, str(start), fact.statement, fact.answer, *fact.questions[:1]))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
