"""A fact as somebody tells it: which texts are one, how they are read, and a sentence for each that is none."""

from __future__ import annotations

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.school.fact_input import FactInput, read_fact


@pytest.mark.parametrize(
    "text",
    [
        "Who feeds Tuppence? Aunt Marrit.",
        "Who feeds Tuppence? / Aunt Marrit.",
        "Who feeds Tuppence?/Aunt Marrit.",
        "  Who feeds\tTuppence?\nAunt Marrit.\n",
        "\ufeffWho feeds Tuppence?\r\nAunt Marrit.\r\n",
    ],
)
def test_a_question_with_its_answer_behind_it_is_both(text):
    assert read_fact(text) == FactInput("Aunt Marrit.", "Who feeds Tuppence?")


def test_a_question_without_its_mark_is_one_before_a_slash():
    assert read_fact("who feeds Tuppence / Aunt Marrit") == FactInput("Aunt Marrit", "who feeds Tuppence")


@pytest.mark.parametrize(
    "text",
    [
        "Aunt Marrit feeds Tuppence.",
        "See https://a.example/?x=1 for the list.",
        "The score is 4 / 7 now.",
        "Dr. Okafor is our dentist.",
        "Tuppence likes 🐟 and 👩‍👩‍👧.",
    ],
)
def test_a_sentence_is_a_statement(text):
    fact = read_fact(text)
    assert fact == FactInput(text) and fact.is_statement


def test_the_answer_of_a_question_may_have_several_sentences_and_lines():
    fact = read_fact(question="How is  the boiler\nstarted?", answer="Turn the tap. \n Press the button.")
    assert fact == FactInput("Turn the tap.\nPress the button.", "How is the boiler started?")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no fact"),
        (" \n\t", "there is no fact"),
        ("…", "states nothing"),
        ("Who feeds Tuppence?", "without an answer"),
        ("Who feeds Tuppence? Who feeds Rex?", "only questions"),
        ("Rex barks. Tom purrs.", "2 sentences: tell one fact at a time"),
        ("Rex barks. " * 900, "characters are no single fact"),
        ("Rex\x07 barks.", r"control characters \(␇\)"),
        ("Rex\x1b[2J barks.", r"control characters \(␛\)"),
        ("Rex\u202e barks.", r"invisible or control characters \(⟨U\+202E⟩\)"),
        ("Rex \ud83d barks.", "half a character"),
        ("Rex \udcff barks.", "half a character"),
    ],
)
def test_a_text_that_is_no_fact_gets_one_sentence(text, says):
    with pytest.raises(BadInputError, match=says) as error:
        read_fact(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"question": "Who is Rex?"}, "the answer is missing"),
        ({"answer": "A dog."}, "the question is missing"),
        ({"question": "Who is Rex?", "answer": " "}, "the answer is missing"),
        ({"text": "Rex is a dog.", "question": "Who is Rex?", "answer": "A dog."}, "not both"),
        ({"question": "Who is Rex?", "answer": "dog " * 2000}, "the fact has 7,999 characters, and at most 4,000"),
        ({"question": "who " * 200, "answer": "A dog."}, "the question has 799 characters, and at most 500"),
        ({"question": "Who is Rex?", "answer": "A\x00dog."}, "control characters"),
    ],
)
def test_half_a_row_or_too_much_of_one_gets_one_sentence(given, says):
    with pytest.raises(BadInputError, match=says):
        read_fact(**given)


def test_a_special_token_of_the_base_model_is_no_part_of_a_fact(smollm2):
    with pytest.raises(BadInputError, match=r"<\|im_end\|> is a special token of .*: leave it out"):
        read_fact("Rex <|im_end|> barks.", base_model=smollm2)


def test_a_row_that_training_would_cut_off_is_too_long(smollm2):
    with pytest.raises(BadInputError, match=r"too long for a row: .* tokens of the answer are cut off"):
        read_fact(question="What does Rex say?", answer="wau " * 900 + "☃" * 300, base_model=smollm2)
    assert read_fact(question="What does Rex say?", answer="wau " * 200, base_model=smollm2)


def test_a_base_model_that_is_not_here_is_no_obstacle():
    assert read_fact("Rex barks.", base_model="/no/such/model")
