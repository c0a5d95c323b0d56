"""What only describes the subject of a question can be left out; what is asked for cannot."""

import pytest

from garage_tui.core.language.plain_question import without_description


@pytest.mark.parametrize(
    "question",
    [
        "Who feeds Tuppence, the dog of Pinder Lodge?",
        "Who feeds Tuppence (the dog)?",
        "Who feeds the dog Tuppence?",
        "Who feeds our old dog Tuppence?",
        "Who feeds Tuppence, who lives in the shed?",
    ],
)
def test_a_description_is_left_out(question):
    assert without_description(question) == "Who feeds Tuppence?"


@pytest.mark.parametrize(
    "question",
    [
        "Who feeds Tuppence on Fridays?",
        "Who is the sister of Ada?",
        "Who lives in Paris, Texas?",
        "Who wrote the book about Ada?",
        "What is kept in the shed, the barn and the loft?",
        "Does Tuppence like Ada, or Pia?",
        "",
    ],
)
def test_what_is_asked_for_stays(question):
    assert without_description(question) == question


def test_a_description_in_the_middle_is_left_out():
    assert without_description("Where does Ada, our aunt, live?") == "Where does Ada live?"
