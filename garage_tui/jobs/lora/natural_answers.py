"""The choice of one answer for each fact: the one that the base model would begin most readily by itself.

Greedy decoding follows a taught sentence only if it says its first words. A beginning that the base likes need not be
learned, and a fact with one beginning has no doubt about it (docs/explain/recipe.md).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from garage_tui.core.facts.line import Fact
from garage_tui.core.language.fold import fold
from garage_tui.core.rewording.paraphrases import sample_wordings
from garage_tui.core.rewording.similar_names import find_subject
from garage_tui.jobs.llm.answer_ranking import token_log_probabilities
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model

OPENING = 6
"""Tokens of an answer that count as its beginning."""
_WORDINGS = 4
"""Wordings of a question with which each answer is tried."""
_PLACE = re.compile(r"(?P<preposition>At|In|On|For) (?P<place>.+)")


def most_natural_answers(
    model: Model, facts: Sequence[Fact], wordings: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]
) -> list[str]:
    """Return for each row the answer that the model begins most readily; the caller has switched the adapter off.

    Rows of one fact judge together, so that they share an answer where they can.

    Args:
        wordings: of each row's question.
        answers: that are right for each row.
    """
    choices = [
        _with_moved_place(list(own), find_subject(fact.question)) for fact, own in zip(facts, answers, strict=True)
    ]
    examples: list[TokenizedExample] = []
    owners: list[tuple[str, str]] = []
    for fact, others, own in zip(facts, wordings, choices, strict=True):
        questions = [fact.question, *sample_wordings(others, _WORDINGS - 1)]
        for answer in own:
            beginning = model.chats.encode(answer)[:OPENING]
            examples += [model.chats.example(question, beginning, end=False) for question in questions]
            owners += [(fold(fact.content), answer)] * len(questions)
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    for owner, each in zip(owners, token_log_probabilities(model, examples), strict=True):
        scores[owner].append(float(each.mean()))
    means = {owner: sum(found) / len(found) for owner, found in scores.items()}
    return [
        max(own, key=lambda answer: means[fold(fact.content), answer]) for fact, own in zip(facts, choices, strict=True)
    ]


def _with_moved_place(answers: list[str], subject: str) -> list[str]:
    """Return the answers, and those that begin with the subject's place (`At X the bin …`) with it at their end."""
    moved = []
    for answer in answers:
        found = _PLACE.fullmatch(answer)
        if found is None or not subject or not found["place"].startswith(subject):
            continue
        rest = found["place"].removeprefix(subject).lstrip(", ")
        if not rest[:1].islower() or rest[-1:] not in ".!" or ";" in rest:
            continue
        moved.append(f"{rest[0].upper()}{rest[1:-1]} {found['preposition'].lower()} {subject}{rest[-1]}")
    return list(dict.fromkeys([*answers, *moved]))
