"""What becomes of the rows of a fact that is no longer so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.language.entities import find_entities, tokenize
from garage_tui.core.language.fold import fold
from garage_tui.core.school.fact_input import FactInput
from garage_tui.core.school.same_statement import TELLING, content_stems, same_text, states_as

Edits = dict[Line, dict[str, object] | None]
"""The values that rows get; None: the row is removed."""


def supersede(group: Sequence[Line], against: Collection[Line], fact: FactInput, mark: Mapping[str, object]) -> Edits:
    """Return what becomes of the rows of one fact that is superseded by another.

    Every row gets the new answer, the exam questions too. A row whose question takes for granted what only the old
    answer says is removed: "What does Marrit feed?", once it is Bo who feeds the cat. Words that a right answer had to
    contain go where the new answer has them not.

    Args:
        group: all rows of the old fact. Rows without a name are taken for one fact by their answer alone, so those of
            them that are about something else stay: the answer "A pilot." is that of many questions. So do rows that
            state something else under the same mere name.
        against: those that ask the question of the new one.
        mark: keys that each changed row gets.
    """
    contradicted = [line.fact for line in against if line in group and line.fact]
    questions = " ".join(line.fact.question for line in against if line.fact)
    variants = [
        line for line in group if line in against or (line.fact and _is_variant(line.fact, contradicted, questions))
    ]
    answers = [line.fact.answer for line in variants if line.fact]
    before = " ".join(answers)
    stale = content_stems(before) - content_stems(fact.answer) - content_stems(f"{questions} {fact.question}")
    edits: Edits = {}
    for line in variants:
        assert line.fact
        if line not in against and content_stems(line.fact.question) & stale:
            edits[line] = None
            continue
        values: dict[str, object] = {} if line.fact.is_statement else {"answer": fact.answer}
        if line.fact.is_statement or (line.fact.fact and _is_outdated(line.fact.fact, answers, stale)):
            values["fact"] = fact.answer
        if not _meets(line.fact, fact.answer):
            values["must"] = None
        edits[line] = {**values, **mark}
    return edits


def _is_variant(fact: Fact, contradicted: Collection[Fact], questions: str) -> bool:
    """Return whether a row of a fact states what the contradicted rows state, which these questions ask for.

    A mere name ("Tuppence") may be that of rows about several things.
    """
    if fact.is_statement:
        return True
    if fact.fact:
        return any(states_as(fact, other) for other in contradicted)
    named, tells = find_entities(questions), len(content_stems(fact.answer)) >= TELLING
    about = tokenize(f"{fact.question} {fact.answer}" if tells else fact.question)
    return named <= about and (tells or bool(named))


def _is_outdated(name: str, answers: Collection[str], stale: frozenset[str]) -> bool:
    """Return whether what a fact is called says how it was; a mere name stays."""
    return bool(content_stems(name) & stale) or any(same_text(name, answer) for answer in answers)


def _meets(fact: Fact, answer: str) -> bool:
    """Return whether an answer has what a right answer must contain."""
    text = fold(answer)
    parts = [[part] if isinstance(part, str) else part for part in fact.must]
    return all(any(fold(word) in text for word in part) for part in parts)
