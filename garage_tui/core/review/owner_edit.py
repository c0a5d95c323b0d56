"""What the owner writes of a fact: it goes through the same checks as what a writer proposed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.workspace import Workspace
from garage_tui.core.language.fold import fold
from garage_tui.core.proposals.checks import CheckedPassage, check_proposal, names_of_document
from garage_tui.core.proposals.model_check import MODEL_CHECK
from garage_tui.core.proposals.proposal import Proposal, WrittenFact, proposal_id
from garage_tui.core.proposals.propose import known_questions
from garage_tui.core.review.reviewed_document import MarkedSentence, ReviewedDocument

OWNER = "you"
"""The writer of a fact that the owner wrote."""


class EditedTexts(msgspec.Struct, frozen=True):
    """The texts of a fact as the owner wrote them."""

    statement: str
    questions: tuple[str, ...]
    exam_question: str
    answer: str


def texts_of(proposal: Proposal) -> EditedTexts:
    """Return the texts of a proposal that can be edited."""
    return EditedTexts(proposal.statement, proposal.questions, proposal.exam_question, proposal.answer)


def begun_proposal(reviewed: ReviewedDocument, sentence: MarkedSentence) -> Proposal | None:
    """Return a proposal of which nothing but the quote is written yet; None where the sentence is in no passage."""
    passage = reviewed.passage_at(sentence.start)
    if passage is None:
        return None
    quote = " ".join(sentence.text.split())
    return Proposal(
        id="",
        document=passage.document,
        sha256=passage.sha256,
        page=passage.page,
        start=sentence.start,
        end=sentence.end,
        heading=passage.heading,
        quote=quote,
        statement=quote,
        questions=(),
        exam_question="",
        answer=quote,
        writer=OWNER,
    )


def edit_proposal(
    workspace: Workspace, facts_file: Path, reviewed: ReviewedDocument, before: Proposal, texts: EditedTexts
) -> Proposal:
    """Return a proposal with the owner's texts, checked again. It reads the facts file: call it in a thread.

    The words that a right answer contains stay where the answer still has them.

    Raises:
        GarageError: a file cannot be read.
    """
    passage = reviewed.passage_at(before.start)
    if passage is None:  # the proposal is of another version; nobody can check it here
        return before
    answer = fold(texts.answer)
    must = tuple(
        part
        for part in before.must
        if any(fold(choice) in answer for choice in ((part,) if isinstance(part, str) else part))
    )
    fact = WrittenFact(texts.statement, before.quote, texts.questions, texts.exam_question, texts.answer, must)
    edited = msgspec.structs.replace(
        before,
        id=before.id or proposal_id(before.document, before.sha256, before.start, fact),
        statement=texts.statement,
        questions=texts.questions,
        exam_question=texts.exam_question,
        answer=texts.answer,
        must=must,
        state="edited",
    )
    known = known_questions(workspace, facts_file, passage)
    document = reviewed.document
    checked_passage = CheckedPassage.of(passage, document.title, names_of_document(document.passages))
    checked = check_proposal(edited, checked_passage, known)
    if texts == texts_of(before):  # nothing changed that the model was asked about
        others = tuple(check for check in before.checks if check.name == MODEL_CHECK)
        checked = msgspec.structs.replace(checked, checks=(*checked.checks, *others))
    return checked
