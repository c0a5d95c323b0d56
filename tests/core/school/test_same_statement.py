"""Which texts state the same, and which differ by a capital, a sign or a small word."""

import pytest

from garage_tui.core.school.same_statement import as_written, same_question, same_text, says_same


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("The password is tuppence7.", "The password is Tuppence7."),
        ("It needs 5 mW.", "It needs 5 MW."),
        ("It needs 5 mb.", "It needs 5 Mb."),
        ("It is mW.", "It is MW."),
        ("It is called TinyLLM.", "It is called tinyllm."),
        ("The file is .env.", "The file is env."),
        ("Take .5 mg.", "Take 5 mg."),
        ("Ask C++.", "Ask c++."),
    ],
)
def test_a_capital_or_a_sign_that_makes_another_thing_is_a_change(text, other):
    assert not same_text(text, other) and not same_text(other, text)
    assert not says_same("What is it?", text, other) and as_written(text) != as_written(other)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Aunt Marrit feeds Tuppence.", "aunt  marrit feeds tuppence"),
        ("It opens on Monday.", "it opens on monday"),
        ("The Open-source way", "the open-source way."),
    ],
)
def test_who_types_in_a_hurry_states_the_same(text, other):
    assert same_text(text, other) and says_same("What is it?", text, other)


def test_the_case_of_a_question_never_counts():
    assert same_question("Who maintains TinyLLM", "who maintains tinyllm.")


@pytest.mark.parametrize(
    ("question", "answer", "other"),
    [
        ("Is smoking allowed or not allowed?", "Allowed.", "Not allowed."),
        ("Is it never locked?", "Locked.", "Never locked."),
        ("How does it open?", "It opens.", "It opens in."),
        ("What do I turn?", "Turn it.", "Turn it on."),
        ("Is it in the garage or kitchen?", "The garage.", "The garage, kitchen."),
        ("What is the file?", ".env", "env"),
        ("How much?", ".5 mg", "5 mg"),
        ("Which port?", "It is tuppence7.", "Tuppence7"),
    ],
)
def test_answers_that_differ_by_a_small_word_or_sign_alone_may_say_the_opposite(question, answer, other):
    assert not says_same(question, answer, other) and not says_same(question, other, answer)


@pytest.mark.parametrize(
    ("question", "answer", "other"),
    [
        ("Who feeds Tuppence?", "Aunt Marrit feeds Tuppence.", "Aunt Marrit."),
        ("When was it replaced?", "October 2016.", "It was replaced in October 2016."),
        ("Where is it?", "In Rome.", "Rome"),
        ("What is the file?", "It is “.env”.", ".env"),
        ("Is it locked?", "It is not locked.", "Not locked."),
        ("Is it open on Saturday or Sunday?", "It is open on Sunday.", "Sunday"),
    ],
)
def test_a_short_answer_says_what_the_sentence_says(question, answer, other):
    assert says_same(question, answer, other) and says_same(question, other, answer)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("The  gate is green.", "the gate is green"),
        ("iPhone", "iPhone"),
        ("Tuppence7", "Tuppence7"),
        ("", ""),
        ("MW", "MW"),
    ],
)
def test_a_statement_is_the_same_but_for_the_case_of_its_first_word(text, written):
    assert as_written(text) == written
