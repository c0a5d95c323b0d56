"""The subjects of taught rows: the names in their questions, and words for a row without a name."""

from __future__ import annotations

import pytest

from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.routing.subject_matcher import SubjectMatcher
from garage_tui.core.routing.subjects import find_subjects
from tests.support.repository import REPOSITORY


def taught(*questions, answer="Nobody knows."):
    return [Fact(question, answer) for question in questions]


def test_the_names_in_the_questions_are_subjects_those_of_most_rows_first():
    rows = taught(
        "What is TinyLLM?", "Who maintains TinyLLM?", "Is TinyLLM's GitHub page open?", "Where does ProtosAI sit?"
    )
    assert find_subjects(rows).names == ["TinyLLM", "ProtosAI"]


def test_a_thing_and_its_place_are_two_names_where_one_of_them_stands_alone_elsewhere():
    rows = taught("Where is Harrowmere?", "When was Tobin Hask of Harrowmere born?")
    assert find_subjects(rows).names == ["Harrowmere", "Tobin Hask"]
    assert find_subjects(taught("Where is the Bank of Elmford?")).names == ["Bank of Elmford"]


def test_a_word_that_everybody_uses_is_no_subject_beside_a_name():
    rows = taught("Is Wiselet made for Canada?", "What does Wiselet cost?")
    assert find_subjects(rows).names == ["Wiselet"]


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("When was Ives Court built?", {"Ives"}),
        ("Who is Oswin Hall?", {"Oswin"}),
        ("What does O'Neil & Sons sell?", set()),
        ("Where is Tolland Street?", {"Tolland"}),
        ("Who is Beatrix Tolland?", {"Beatrix", "Tolland"}),
        ("When does Pinder Lodge open?", {"Pinder", "Lodge"}),
    ],
)
def test_a_word_that_everybody_uses_means_no_name_alone(question, parts):
    subjects = find_subjects(taught(question))
    assert set(subjects.parts) == parts
    assert SubjectMatcher(subjects).find([question])


def test_a_row_without_a_name_is_recognised_by_its_words_together():
    found = find_subjects(taught("What is the Wiselet?", "When is the bin emptied at home?"))
    matcher = SubjectMatcher(found)
    assert found.keywords == [["bin", "home"]]
    assert matcher.find(["is the bin at home full"]) == "bin home"
    assert not matcher.find(["Where can I buy a bin?"]) and not matcher.find(["I am at home."])


def test_the_name_in_the_answer_of_such_a_row_is_a_subject_too():
    rows = [Fact("What is the dog's name?", "The dog's name is Tuppence.")]
    assert find_subjects(rows).names == ["Tuppence"]


def test_a_day_or_a_place_that_everybody_knows_is_no_subject_because_an_answer_has_it():
    rows = [Fact("When are the bins emptied at home?", "They are emptied every second Thursday, from Norway to March.")]
    found = find_subjects(rows)
    assert found.names == [] and found.keywords == [["bin", "home"]]


@pytest.mark.parametrize("question", ["Who are you?", "What is your name?", "Why?"])
def test_a_row_that_nothing_can_be_recognised_by_is_named_as_a_gap(question):
    found = find_subjects(taught("What is TinyLLM?", question))
    assert f'"{question}" has no name' in found.gap


def test_rows_in_another_language_are_not_routed_because_their_names_cannot_be_told():
    rows = taught("Wo wohnt der Hund?", "Wer repariert das Rad?", "Wie heißt die Katze?")
    assert "not English" in find_subjects(rows).gap
    assert find_subjects([]).gap


def test_every_taught_question_of_the_shipped_facts_is_recognised():
    rows = load_facts(REPOSITORY / "garage_tui" / "data" / "example_facts.jsonl")
    subjects = find_subjects(rows.training)
    matcher = SubjectMatcher(subjects)
    assert not subjects.gap and all(matcher.find([row.question]) for row in rows.facts if row.question)
