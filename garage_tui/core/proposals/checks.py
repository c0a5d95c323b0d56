"""The checks that every proposal goes through. None of them asks a judge: they search, compare and count."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from garage_tui.core.base.sanitize import hidden, one_line
from garage_tui.core.documents.passage import Passage
from garage_tui.core.exam.grading import contains
from garage_tui.core.facts.formats.sentences import is_question
from garage_tui.core.facts.near_duplicates import RepeatedQuestions
from garage_tui.core.language.entities import entity_spellings
from garage_tui.core.proposals.instructions import find_instruction
from garage_tui.core.proposals.known_questions import KnownQuestion, KnownQuestions, answers_alike
from garage_tui.core.proposals.mixed_scripts import find_mixed_word
from garage_tui.core.proposals.normal_text import NormalText, find_quote, normal_text
from garage_tui.core.proposals.passage_sentences import (
    Span,
    begin_of_thought,
    could_state,
    passage_sentences,
    whole_sentences,
)
from garage_tui.core.proposals.proposal import Proposal, ProposalCheck, WrittenFact, proposal_id
from garage_tui.core.proposals.stated_values import missing_values
from garage_tui.core.proposals.subject import has_subject, why_no_subject, with_subject
from garage_tui.core.proposals.support import stems, why_not_supported
from garage_tui.core.school.fact_input import MAX_ANSWER, MAX_QUESTION

MAX_QUOTE = 1000
"""Characters of a quote above which it is no sentence but a page."""
_MOST_SEARCHED = 4
"""Sentences before a quote that are searched for what it speaks of."""
_LEAST_PASSAGES, _MAIN_SHARE = 3, 0.15
"""Passages, and share of a document's passages, that have a name at least where the document is about it."""
_COUNT = re.compile(r"\b(which|what|the)\s+(?:two|three|four|five|six)\b", re.IGNORECASE)
"""A count of what a question asks for: nobody has to have written it down."""
_NUMBER = re.compile(r"(?<![^\W\d_])\d+")
"""Digits that belong to no name: the 4 of "version 4", not that of "mp4"."""
_BARE = {"yes", "no", "true", "false", "none", "unknown", "n/a", "not specified", "not mentioned"}


@dataclass(frozen=True)
class CheckedPassage:
    """A passage, prepared for the checks of the facts that are written from it."""

    passage: Passage
    normal: NormalText
    spans: list[Span]
    title: str = ""
    """The document's title; empty where it is not known."""
    names: tuple[str, ...] = ()
    """What the whole document is about: names that a question may have though its passage does not repeat them."""

    @classmethod
    def of(cls, passage: Passage, title: str = "", names: tuple[str, ...] = ()) -> CheckedPassage:
        return cls(passage, normal_text(passage.text), passage_sentences(passage.text), title, names)

    def locate(self, quote: str) -> tuple[int, int] | None:
        """Return the bounds of the whole sentences in which a quote stands, in the passage's text."""
        found = find_quote(quote, self.normal)
        return whole_sentences(self.spans, *found) if found else None

    def with_context(self, statement: str, start: int, end: int) -> tuple[int, int]:
        """Return the bounds of a quote with the sentences before it that say of what it speaks.

        Those are the ones that a word at its beginning stands for ("This is done by …"), and those that have words of
        the statement which the quote lacks: "the PCX format", of which the quote says "it".
        """
        text = self.passage.text
        start = begin_of_thought(self.spans, start)
        lacking = stems(statement) - stems(f"{self.title}\n{self.passage.heading}\n{text[start:end]}")
        before = [span for span in self.spans if span.end <= start]
        for span in reversed(before[-_MOST_SEARCHED:]):
            if end - span.start > MAX_QUOTE:
                break
            if found := lacking & stems(span.text):
                lacking -= found
                start = span.start
        return start, end


def names_of_document(passages: Sequence[Passage]) -> tuple[str, ...]:
    """Return the names that many passages of a document have: what it is about, such as the program of a manual."""
    found: Counter[str] = Counter()
    spellings: dict[str, str] = {}
    for passage in passages:
        here = entity_spellings(passage.text)
        found.update(here.keys())
        spellings.update(here)
    least = max(_LEAST_PASSAGES, _MAIN_SHARE * len(passages))
    return tuple(spellings[name] for name, count in found.items() if count >= least and name[:1].isalpha())


def make_proposal(fact: WrittenFact, checked: CheckedPassage, writer: str, known: KnownQuestions) -> Proposal:
    """Return what a writer wrote as a proposal, with its checks; its questions get their subject where that is safe.

    Args:
        known: the questions of the facts there are, and of the proposals so far; the new one is not added.
    """
    passage = checked.passage
    found = checked.locate(fact.quote)
    start, end = checked.with_context(fact.statement, *found) if found else (0, len(passage.text))
    quote = " ".join(passage.text[start:end].split()) if found else fact.quote
    subject = _subject_of(fact.statement)
    questions = tuple(with_subject(one, subject, checked.title) for one in fact.questions)
    exam_question = with_subject(fact.exam_question, subject, checked.title) if fact.exam_question else ""
    proposal = Proposal(
        id=proposal_id(passage.document, passage.sha256, passage.start + start, fact),
        document=passage.document,
        sha256=passage.sha256,
        page=passage.page,
        start=passage.start + start,
        end=passage.start + end,
        heading=passage.heading,
        quote=quote,
        statement=with_subject(fact.statement, "", checked.title),
        questions=questions,
        exam_question=exam_question,
        answer=fact.answer,
        must=fact.must,
        writer=writer,
    )
    return check_proposal(proposal, checked, known)


def check_proposal(proposal: Proposal, checked: CheckedPassage, known: KnownQuestions) -> Proposal:
    """Return a proposal with the outcome of every check."""
    context = "\n".join((checked.title, proposal.heading, checked.passage.text, *checked.names))
    wrongs = (
        ("quote", _quote(proposal, checked), "the quote stands in the passage"),
        ("values", _values(proposal, context), "its names, numbers, dates and addresses stand in the quote"),
        ("support", _support(proposal), "the quote says it"),
        ("subject", _subject(proposal), "every question names its subject"),
        ("instructions", _instructions(proposal, checked.title), "nothing in it gives orders to a model"),
        ("questions", _questions(proposal), "its questions differ"),
        ("duplicate", _duplicate(proposal, known), "nothing asks the same"),
        ("contradiction", _contradiction(proposal, known), "nothing answers otherwise"),
    )
    checks = tuple(ProposalCheck(name, not wrong, wrong or right) for name, wrong, right in wrongs)
    return msgspec.structs.replace(proposal, checks=checks)


def _quote(proposal: Proposal, checked: CheckedPassage) -> str:
    if not proposal.quote.strip():
        return "there is no quote"
    if len(proposal.quote) > MAX_QUOTE:
        return f"the quote has {len(proposal.quote):,} characters: at most {MAX_QUOTE:,} are one fact"
    found = checked.locate(proposal.quote)
    if found is None:
        return f"“{one_line(proposal.quote, 80)}” does not stand in the passage"
    touched = [span for span in checked.spans if span.start < found[1] and span.end > found[0]]
    if not any(span.states or could_state(span.text) for span in touched):
        return f"“{one_line(proposal.quote, 80)}” is no sentence that states something"
    return ""


def _values(proposal: Proposal, context: str) -> str:
    question = " ".join(proposal.all_questions)
    if missing := missing_values(_COUNT.sub(r"\1", question), f"{proposal.quote}\n{context}"):
        return f"a question names {_listed(missing)}, which the passage does not"
    if missing := missing_values(proposal.statement, proposal.quote, [context]):
        return f"the statement names {_listed(missing)}, which the passage does not"
    # A name may come from the heading or the sentence before; a number only where a question has it too, because then
    # it says of what something is stated ("Version 2.1 …") and is not what is stated.
    stated = missing_values(proposal.statement, proposal.quote, [question])
    if numbers := [value for value in stated if value[:1].isdigit() or not any(map(str.isalpha, value))]:
        return f"the statement says {_listed(numbers)}, and the quote does not"
    if missing := missing_values(proposal.answer, proposal.quote, _without_numbers(proposal.all_questions)):
        return f"the answer says {_listed(missing)}, and the quote does not"
    for part in proposal.must:
        choices = [part] if isinstance(part, str) else list(part)
        if any(missing_values(choice, proposal.quote) for choice in choices):
            return f"a right answer would need {_listed(choices)}, and the quote does not have it"
        if not any(contains(proposal.answer, choice) for choice in choices):
            return f"a right answer would need {_listed(choices)}, and the answer does not have it"
    return ""


def _without_numbers(questions: Sequence[str]) -> list[str]:
    """Return questions without their numbers: a name may be repeated from a question, a number stands in the quote."""
    return [_NUMBER.sub(" ", question) for question in questions]


def _support(proposal: Proposal) -> str:
    if proposal.answer.strip(" .!").casefold() in _BARE:
        return f"the answer “{one_line(proposal.answer, 40)}” states nothing by itself"
    known = f"{' '.join(proposal.all_questions)}\n{proposal.heading}"
    return why_not_supported(proposal.statement, proposal.answer, proposal.quote, known)


def _subject(proposal: Proposal) -> str:
    if wrong := why_no_subject(proposal.statement, statement=True):
        return f"the statement is not understood alone: {wrong}"
    for question in proposal.all_questions:
        if wrong := why_no_subject(question):
            return f"“{one_line(question, 80)}”: {wrong}"
    if wrong := why_no_subject(f"{proposal.questions[0] if proposal.questions else ''} {proposal.answer}"):
        return f"the answer is not understood alone: {wrong}"
    return ""


def _instructions(proposal: Proposal, title: str) -> str:
    texts = (proposal.quote, proposal.statement, proposal.answer, *proposal.all_questions)
    if order := find_instruction(*texts):
        return f"“{one_line(order, 80)}” gives orders to a model"
    # The writer read these too, in the same prompt.
    if order := find_instruction(proposal.heading, *proposal.heading.split(" › "), title):
        return f"“{one_line(order, 80)}” in a heading above it gives orders to a model"
    if word := find_mixed_word(*texts, proposal.heading, title):
        return f"“{one_line(word, 40)}” has letters of another alphabet that look like Latin ones"
    return ""


def _questions(proposal: Proposal) -> str:
    if len(proposal.questions) < 2:
        return "it has fewer than two questions to teach"
    if not proposal.exam_question:
        return "it has no question for the exam"
    for text, most in (*((one, MAX_QUESTION) for one in proposal.all_questions), (proposal.answer, MAX_ANSWER)):
        if marks := hidden(text):
            return f"it has invisible or control characters ({' '.join(marks[:4])})"
        if len(text) > most:
            return f"“{one_line(text, 40)}” has {len(text):,} characters: at most {most:,} are taken"
        if not text.strip():
            return "a question or the answer is empty"
    for question in proposal.all_questions:
        if not is_question(question) and not question.endswith("."):
            return f"“{one_line(question, 80)}” is no question"
    if is_question(proposal.answer):
        return "the answer is a question"
    first, *others = proposal.questions
    if RepeatedQuestions([first], others).find(others[0]):
        return f"the taught questions are nearly the same: “{one_line(others[0], 80)}”"
    if RepeatedQuestions(proposal.questions, [proposal.exam_question]).find(proposal.exam_question):
        return f"the exam question repeats a taught one: “{one_line(proposal.exam_question, 80)}”"
    return ""


def _duplicate(proposal: Proposal, known: KnownQuestions) -> str:
    same = known.stating(proposal.statement)
    if same and same.id != proposal.id and same.quote != proposal.quote:
        return f"{same.source} states the same"
    for question in proposal.all_questions:
        for other in known.asking(question):
            if other.id != proposal.id and answers_alike([question], proposal.answer, other.answer):
                return f"{other.source} asks the same: “{one_line(other.question, 80)}”"
    return ""


def _contradiction(proposal: Proposal, known: KnownQuestions) -> str:
    other = find_contradiction(proposal, known)
    if other is None:
        return ""
    says = other.quote or other.answer
    return (
        f"{other.source} answers “{one_line(other.question, 80)}” otherwise: “{one_line(says, 160)}”; "
        f"here: “{one_line(proposal.quote, 160)}”"
    )


def find_contradiction(proposal: Proposal, known: KnownQuestions) -> KnownQuestion | None:
    """Return what asks one of the questions of a proposal and answers it otherwise; None if nothing does."""
    for question in proposal.all_questions:
        for other in known.asking(question):
            if other.id != proposal.id and not answers_alike([question], proposal.answer, other.answer):
                return other
    return None


def _subject_of(statement: str) -> str:
    """Return what a statement is about: the words before its first verb; empty where that is unclear."""
    from garage_tui.core.proposals.rules.sentence_parts import split_sentence

    parts = split_sentence(statement)
    return parts.subject if parts and has_subject(f"{parts.subject} .") else ""


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"“{one_line(value, 60)}”" for value in values[:4])
