"""Passages of a document, made from its text."""

from __future__ import annotations

import hashlib

from garage_tui.core.documents.passage import Passage
from garage_tui.core.proposals.proposal import WrittenFact

HURD = (
    "The Hurd is a set of servers running on top of the GNU Mach microkernel. The Debian Project was created by Ian "
    "Murdock in 1993. It grew quickly after that. More than 1,012 volunteers maintain the packages of Debian."
)


def passages_of(*texts: str, document: str = "manual.txt", heading: str = "", page: int = 0) -> list[Passage]:
    """Return a passage for each text, one after the other in the same document."""
    sha256 = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    found, at = [], 0
    for text in texts:
        found.append(Passage(document, sha256, page, at, at + len(text), heading, text))
        at += len(text) + 1
    return found


def passage_of(text: str, **given: object) -> Passage:
    """Return a document of one passage."""
    return passages_of(text, **given)[0]  # type: ignore[arg-type]


def fact_of(
    quote: str,
    answer: str = "",
    questions: tuple[str, ...] = ("Who created the Debian Project?", "By whom was the Debian Project created?"),
    exam_question: str = "What is the name of the founder of the Debian Project?",
    statement: str = "",
    must: tuple[str | tuple[str, ...], ...] = (),
) -> WrittenFact:
    """Return what a writer could have written: by default who created the Debian Project."""
    return WrittenFact(statement or answer or quote, quote, questions, exam_question, answer or quote, must)
