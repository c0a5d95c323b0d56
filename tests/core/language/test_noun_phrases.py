"""A question about the boiler at the lodge is about the boiler, not about the lodge."""

import pytest

from garage_tui.core.language.noun_phrases import find_noun_phrases
from garage_tui.core.language.relation_phrases import relation_phrases


@pytest.mark.parametrize(
    ("question", "subject", "found"),
    [
        ("When was the boiler at Pinder Lodge replaced?", "Pinder Lodge", ["the boiler at Pinder Lodge"]),
        (
            "What is the code of the shed at Pinder Lodge?",
            "Pinder Lodge",
            ["the code of the shed at Pinder Lodge", "the shed at Pinder Lodge"],
        ),
        ("When is the rubbish collected at Pinder Lodge?", "Pinder Lodge", ["the rubbish at Pinder Lodge"]),
        ("How much does the Brindle phone app cost?", "Brindle", ["the Brindle phone app"]),
        ("How much does Brindle's phone app cost?", "Brindle", ["Brindle's phone app"]),
        (
            "What is the price of the Brindle app for phones?",
            "Brindle",
            ["the price of the Brindle app", "the Brindle app"],
        ),
        ("Which port do I open in the firewall for Brindle?", "Brindle", []),
        ("What does the Brindle project do?", "Brindle", []),
        ("Who maintains Brindle?", "Brindle", []),
        ("When does the Strawheron Fair take place?", "Strawheron Fair", []),
    ],
)
def test_a_question_is_about_the_thing_that_it_names(question, subject, found):
    assert [thing.text for thing in find_noun_phrases(question, subject)] == found


def test_phrases_are_about_the_thing():
    found = relation_phrases("Who built the tree house at Pinder Lodge?", "Pinder Lodge")
    assert "the maker of the tree house at Pinder Lodge" in found
    assert not any("grows" in phrase for phrase in found), "a tree house is no tree"


def test_what_is_asked_for_is_no_part_of_the_thing():
    found = relation_phrases("What is the price of the Brindle app for phones?", "Brindle")
    assert "fee for the Brindle app" in found
    assert not any("price of the price" in phrase or "telephone" in phrase for phrase in found)


def test_a_part_of_a_subject_is_not_asked_about_as_the_subject():
    assert "what's Harrowmere" in relation_phrases("What is Harrowmere?", "Harrowmere")
    assert "what's Harrowmere" not in relation_phrases("What is in the drover's pie of Harrowmere?", "Harrowmere")
    assert not any("biography" in phrase for phrase in relation_phrases("Who is the maintainer of Brindle?", "Brindle"))
