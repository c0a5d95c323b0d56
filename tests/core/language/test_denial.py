"""What a text denies of another one, and what only looks like a denial."""

import pytest

from garage_tui.core.language.denial import denies, has_negation

DENIED = [
    ("Smoking is allowed in the garage.", "Smoking is not allowed in the garage."),
    ("Smoking is allowed in the garage.", "Smoking isn't allowed in the garage."),
    ("Smoking is allowed in the garage.", "Smoking is forbidden in the garage."),
    ("Smoking is allowed in the garage.", "You cannot smoke in the garage."),
    ("Smoking is not allowed in the garage.", "Smoking is allowed in the garage."),
    ("Smoking is not allowed in the garage.", "Yes, smoking is allowed in the garage."),
    ("No, the gate is never locked.", "Yes, the gate is locked."),
    ("No, the gate is never locked.", "The gate is locked."),
    ("The gate is always locked.", "The gate is never locked."),
    ("The gate is locked.", "The gate is unlocked."),
    ("Marrit feeds Tuppence.", "Marrit does not feed Tuppence."),
    ("Marrit feeds Tuppence.", "Marrit, who lives at the lodge, does not feed Tuppence."),
    ("Marrit feeds Tuppence.", "It is not true that Marrit feeds Tuppence."),
    ("Marrit feeds Tuppence.", "It is not Marrit who feeds Tuppence."),
    ("The code is 5093.", "The code is not 5093, it is 4711."),
    ("The code is 5093.", "The code isn't 5093."),
    ("Allowed.", "Not allowed."),
    ("No.", "Yes."),
    ("No, it is not.", "Yes, it is."),
    ("It is.", "It is not."),
    ("It runs without a GPU.", "It runs with a GPU."),
    ("The library is closed on Monday.", "The library is open on Monday."),
    ("The gate is open.", "The gate is closed."),
    ("It takes at most 5 minutes.", "It takes at least 5 minutes."),
    ("It takes no more than 5 minutes.", "It takes more than 5 minutes."),
    ("It opens after 9.", "It opens before 9."),
    ("It opens on Monday.", "It does not open on Monday."),
    ("Dogs are allowed in the garage.", "No dogs are allowed in the garage."),
    ("TinyLLM is free.", "TinyLLM is not free."),
    ("Room 5 is heated.", "Room No. 5 is not heated."),
]
AGREES = [
    ("It opens on Monday.", "It is not open on Sunday; it opens on Monday."),
    ("It opens on Monday.", "It is not open on Sunday, it opens on Monday."),
    ("It opens on Monday.", "It does not open until Monday."),
    ("It opens on Monday.", "It isn't open on Sunday. It opens on Monday."),
    ("It closes at 9.", "It closes no later than 9."),
    ("Marrit feeds Tuppence.", "Not only Marrit feeds Tuppence."),
    ("Marrit feeds Tuppence.", "Not Bo but Marrit feeds Tuppence."),
    ("Marrit feeds Tuppence.", "It is Marrit, not Bo, who feeds Tuppence."),
    ("Marrit feeds Tuppence.", "It is not Bo who feeds Tuppence but Marrit."),
    ("Marrit feeds Tuppence.", "Marrit feeds Tuppence without help."),
    ("Marrit feeds Tuppence.", "No, Marrit feeds Tuppence, not Bo."),
    ("Marrit feeds Tuppence.", "No doubt Marrit feeds Tuppence."),
    ("Marrit feeds Tuppence.", "I do not know much, but Marrit feeds Tuppence."),
    ("The code is No. 5.", "The code is 5."),
    ("The code is 5.", "It is no. 5."),
    ("The code is 5093.", "It isn't 4711; the code is 5093."),
    ("The code is 5093.", "It is not 4711 but 5093."),
    ("The library is closed on Monday.", "The library is not open on Monday."),
    ("Smoking is not allowed in the garage.", "Smoking is forbidden in the garage."),
    ("Dogs are not allowed in the garage.", "No dogs are allowed in the garage."),
    ("Dogs are not allowed in the garage.", "Dogs must stay out of the garage."),
    ("Dogs are not allowed without a lead.", "Dogs are allowed only with a lead."),
    ("Dogs are not allowed without a lead.", "Dogs are allowed with a lead."),
    ("Smoking is allowed in the garage.", "Smoking is allowed in the garage, but not in the kitchen."),
    ("No, the gate is never locked.", "The gate is never locked."),
    ("No, the gate is never locked.", "Yes, the gate is never locked."),
    ("No, the gate is never locked.", "No, the gate is not locked."),
    ("It takes at most 5 minutes.", "It takes no more than 5 minutes."),
    ("It needs only a CPU.", "It needs a CPU and no GPU."),
    ("It opens at 9.", "It is closed until 9."),
    ("It opens at 9.", "It does not open before 9."),
    ("She left at 9.", "Right, she left at 9."),
    ("Marrit feeds Tuppence.", "Tuppence is fed by Marrit, and never by Bo."),
    ("It runs on a CPU and needs no GPU.", "A GPU is not needed; it runs on a CPU."),
    ("The gate opens at 7 and closes at 9.", "The gate closes at 9 and opens at 7."),
]

PARTS = {"Marrit feeds Tuppence.": ["Marrit"], "It opens on Monday.": ["Monday"], "The code is 5093.": ["5093"]}


@pytest.mark.parametrize(("reference", "text"), DENIED)
def test_the_opposite_of_a_text_denies_it(reference, text):
    assert denies(text, reference, PARTS.get(reference, ()))


@pytest.mark.parametrize(("reference", "text"), AGREES)
def test_a_text_that_states_the_same_or_denies_something_else_denies_nothing(reference, text):
    assert not denies(text, reference, PARTS.get(reference, ()))


@pytest.mark.parametrize("text", [text for pair in (*DENIED, *AGREES) for text in pair])
def test_a_text_never_denies_itself(text):
    assert not denies(text, text)


@pytest.mark.parametrize(("text", "has"), [("not open", True), ("It isn't.", True), ("No. 5", False), ("knot", False)])
def test_a_negation_is_a_word_that_denies_something(text, has):
    assert has_negation(text) is has
