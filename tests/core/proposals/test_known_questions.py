"""The index of the questions that are asked already: what it costs for many rows, and for each edit."""

from __future__ import annotations

import re

import pytest

from garage_tui.core.facts.line import Fact
from garage_tui.core.proposals import known_questions
from garage_tui.core.proposals.known_questions import KnownQuestions


def _rows(first, count):
    """Return rows, each about a thing of its own."""
    questions = ("Who built the Vexley{} Mill?", "When was the Orrin{} Bridge opened?", "What does Tarn{}'s app cost?")
    return [(n, Fact(questions[n % 3].format(n), f"It was number {n}.")) for n in range(first, first + count)]


def test_an_index_makes_no_pattern_for_each_question(monkeypatch):
    KnownQuestions().add_rows(_rows(0, 6), "a.jsonl")  # makes those that all questions share
    made, compile_pattern = [], re._compiler.compile
    monkeypatch.setattr(re._compiler, "compile", lambda *given: made.append(given[0]) or compile_pattern(*given))
    KnownQuestions().add_rows(_rows(6, 300), "a.jsonl")
    assert not [pattern for pattern in made if any(name in str(pattern) for name in ("Vexley", "Orrin", "Tarn"))]
    assert len(made) < 30, "relations whose words came up for the first time"


def test_the_index_for_the_next_edit_asks_for_no_relation_again(monkeypatch):
    asked, relation_phrases = [], known_questions.relation_phrases

    def counted(question, subject):
        asked.append(question)
        return relation_phrases(question, subject)

    monkeypatch.setattr(known_questions, "relation_phrases", counted)
    rows = _rows(1000, 60)
    for _ in range(3):
        index = KnownQuestions()
        index.add_rows(rows, "a.jsonl")
    assert len(asked) == 60
    index.add_rows([(61, Fact("Who built the Vexley9999 Mill?", "Ann Dow."))], "a.jsonl")
    assert len(asked) == 61, "a new row alone is looked at"


@pytest.mark.parametrize(
    ("question", "found"),
    [("Who designed the Vexley1002 Mill?", ["Who built the Vexley1002 Mill?"]),
     ("How expensive is Tarn1001's app?", []), ("Who built the Vexley1005 Bridge?", [])],
)  # fmt: skip
def test_a_question_for_the_same_relation_of_the_same_subject_is_found(question, found):
    index = KnownQuestions()
    index.add_rows([(1, Fact("Who built the Vexley1002 Mill?", "Ann Dow.")), *_rows(1003, 9)], "a.jsonl")
    assert [one.question for one in index.asking(question)] == found
