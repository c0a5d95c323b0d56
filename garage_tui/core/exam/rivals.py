"""Rivals: the taught answers between which a model has to choose when it is asked a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from garage_tui.core.exam.grading import is_right
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.fold import fold


@dataclass(frozen=True)
class RivalAnswers:
    """A question with all taught answers, right ones and wrong ones."""

    question: str
    right: tuple[str, ...]
    """Empty where no taught answer would be graded as right."""
    wrong: tuple[str, ...]


def rival_answers(fact: Fact, taught: Sequence[Fact]) -> RivalAnswers:
    """Return which of the answers of the taught rows are right for a row's question, and which are wrong.

    Right are those of the rows that state the same fact, where grading agrees; if no row states it, those that grading
    counts as right.
    """
    answers = list(dict.fromkeys(row.answer for row in taught))
    same = {row.answer for row in taught if fold(row.content) == fold(fact.content)}
    graded = {answer for answer in answers if is_right(answer, fact)}
    right = (same & graded) or same or graded
    # Another row's answer that happens to be right is no rival either.
    wrong = tuple(answer for answer in answers if answer not in right and answer not in graded)
    return RivalAnswers(fact.question, tuple(answer for answer in answers if answer in right), wrong)
