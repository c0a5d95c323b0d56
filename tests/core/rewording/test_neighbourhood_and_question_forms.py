"""Questions about other names, and the wordings that a run trains on or is measured with."""

import random

import pytest

from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.near_duplicates import find_near_duplicates
from garage_tui.core.language.relation_phrases import relation_phrases
from garage_tui.core.rewording import builtin_prompts
from garage_tui.core.rewording.neighbourhood import find_subject, neighbour_questions
from garage_tui.core.rewording.paraphrases import paraphrase_answers, paraphrase_questions, perturb, probe_questions

FACTS = [
    Fact("Who maintains Brindlework?", "Brindlework is maintained by Ottilie Fenn."),
    Fact("What is the source code page of Brindlework?", "It is at https://example.org/brindlework."),
    Fact("How much does Brindlework cost?", "Brindlework costs nothing."),
    Fact("How do I boil an egg?", "For seven minutes."),
]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Who maintains TinyLLM?", "TinyLLM"),
        ("What was the toll on Quill Bridge in 1851?", "Quill Bridge"),
        ("When was the University of Harrowmere founded?", "University of Harrowmere"),
        ("How do I boil an egg?", ""),
    ],
)
def test_a_question_is_about_its_longest_name(question, name):
    assert find_subject(question) == name


def test_neighbours_ask_the_same_about_names_that_were_not_taught():
    found = neighbour_questions(FACTS, 40, training=False)
    assert 5 < len(found) <= 40 and len(set(found)) == len(found)
    assert not any("Brindlework" in question or "egg" in question for question in found)
    assert all(question.startswith(("Who maintains ", "What is the source", "How much does ")) for question in found)
    assert found == neighbour_questions(FACTS, 40, training=False), "the same each time"


def test_no_name_of_an_exam_is_trained_with():
    trained, asked = (set(neighbour_questions(FACTS, 200, training=side)) for side in (True, False))
    assert trained and asked and not trained & asked
    assert not set(builtin_prompts.neighbour_names(True)) & set(builtin_prompts.neighbour_names(False))


def test_no_guard_is_an_exam_question():
    unrelated = [prompt.question for prompt in builtin_prompts.unrelated_questions()]
    assert len(unrelated) >= 100 and len({prompt.kind for prompt in builtin_prompts.unrelated_questions()[:24]}) >= 10
    assert not [
        prompt.question
        for prompt in builtin_prompts.guard_prompts()
        if find_near_duplicates(prompt.question, unrelated)
    ]
    assert len(builtin_prompts.perplexity_texts()) >= 30


def test_wordings_to_train_on_are_never_those_to_measure_with_nor_an_exam_question():
    exam = Fact("Who is the maintainer of Brindlework?", "Ottilie Fenn.", {"exam": True})
    trained = {wording for found in paraphrase_questions(FACTS, [exam]) for wording in found}
    measured = {fact.question for fact in probe_questions(FACTS, 10)}
    assert len(trained) > 10 and measured and not trained & measured
    assert not any(find_near_duplicates(wording, [exam.question]) for wording in trained)


def test_a_phrase_that_fits_two_facts_is_used_for_neither():
    two = [
        Fact("What is the website of Brindlework?", "https://brindlework.example."),
        Fact("What is the documentation page of Brindlework?", "https://docs.example."),
    ]
    assert set(relation_phrases(two[0].question, "Brindlework")) & set(relation_phrases(two[1].question, "Brindlework"))
    first, second = paraphrase_questions(two, [])
    assert not set(first) & set(second)


def test_a_name_with_a_telling_word_in_it_is_no_question_of_that_kind():
    assert not any(
        "opening" in phrase for phrase in relation_phrases("Who owns the Open Door Clinic?", "Open Door Clinic")
    )


def test_a_hurried_question_keeps_its_names():
    dice = random.Random(0)
    said = {perturb("Who maintains the Brindlework project?", dice) for _ in range(200)}
    assert len(said) > 20 and all("brindlework" in question.casefold() for question in said)


def test_rows_of_one_fact_share_their_answers_and_its_statement():
    stated = "Brindlework is maintained by Ottilie Fenn."
    rows = [
        Fact("Who maintains Brindlework?", "It is maintained by Ottilie Fenn.", {"fact": stated}),
        Fact("Who looks after Brindlework?", "Ottilie Fenn looks after Brindlework.", {"fact": stated}),
        Fact("How much does Brindlework cost?", "Brindlework costs nothing."),
    ]
    first, second, third = paraphrase_answers(rows)
    assert first == [rows[0].answer, rows[1].answer, stated] and set(second) == set(first)
    assert second[0] == rows[1].answer, "its own is the first"
    assert third == [rows[2].answer]


def test_an_answer_is_not_given_to_a_question_that_asks_for_something_else():
    stated = "Quill Bridge was built by Ada Thorne in 1851."
    rows = [
        Fact("Who built Quill Bridge?", "Ada Thorne built it.", {"fact": stated}),
        Fact("When was Quill Bridge built?", "It was built in 1851.", {"fact": stated}),
    ]
    assert paraphrase_answers(rows) == [[rows[0].answer, stated], [rows[1].answer, stated]]
    free = [
        Fact("Is Brindlework free?", "Yes, Brindlework is free to use.", {"fact": "Brindlework is free."}),
        Fact("How much does Brindlework cost?", "Nothing, Brindlework is free.", {"fact": "Brindlework is free."}),
    ]
    assert free[0].answer not in paraphrase_answers(free)[1], "nobody asked yes or no"


def test_an_answer_that_would_not_count_as_right_is_not_given():
    rows = [
        Fact("How can I contribute?", "Report bugs on GitHub.", {"fact": "Report bugs.", "must": ["GitHub"]}),
        Fact("What helps?", "It helps to report bugs.", {"fact": "Report bugs."}),
    ]
    assert paraphrase_answers(rows)[0] == [rows[0].answer]


def test_a_note_is_no_answer():
    row = Fact("Who maintains Brindlework?", "Ottilie Fenn does.", {"fact": "maintainer: Ottilie Fenn"})
    assert paraphrase_answers([row]) == [[row.answer]]


def test_synonyms_are_trained_but_never_one_that_nearly_is_an_exam_question():
    row = Fact("When was the boiler at Pinder Lodge replaced?", "It was replaced in 2016.")
    exam = Fact("When was the furnace at Pinder Lodge replaced?", "In 2016.", {"exam": True})
    free, kept = paraphrase_questions([row], []), paraphrase_questions([row], [exam])
    assert any("swapped" in wording or "exchanged" in wording for wording in free[0])
    assert not any(find_near_duplicates(wording, [exam.question]) for wording in kept[0])
