"""Subjects in messages: whole words, in any case, plural and possessive, and never a name that only looks alike."""

from __future__ import annotations

import pytest

from garage_tui.core.rewording import builtin_prompts
from garage_tui.core.routing.subject_matcher import SubjectMatcher, conversation_texts
from garage_tui.core.routing.subjects import Subjects


def found(text, *names, parts=()):
    return SubjectMatcher(Subjects(names=list(names), parts=list(parts))).find([text])


@pytest.mark.parametrize(
    "text",
    [
        "What is Maplewick?", "what is MAPLEWICK", "Maplewick's price", "Maplewick’s price", "all Maplewicks",
        "(maplewick)", "a Maplewick-based app", "maplewick.org", "Maple\u00adwick", "“Maplewick”",
        "_Maplewick_", "1 Maplewick",
    ],
)  # fmt: skip
def test_a_name_is_found_as_people_write_it(text):
    assert found(text, "Maplewick")


@pytest.mark.parametrize("text", ["Maplewickham", "a Maple wick", "Maplewick2", "xMaplewick", "Maplewic", "TinyML", ""])
def test_a_name_that_only_looks_alike_is_none(text):
    assert not found(text, "Maplewick", "TinyLLM")


@pytest.mark.parametrize("text", ["tiny llm", "Tiny-LLM", "TINYLLM", "tinyllm's"])
def test_the_parts_of_a_compound_name_may_be_written_apart(text):
    assert found(text, "TinyLLM")
    assert not found("the tiny lamp", "TinyLLM")
    assert not found("where to go to", "GoTo")


@pytest.mark.parametrize(
    "text", ["pinder lodge", "Pinder\nLodge", "Pinder-Lodge", "PinderLodge", "Pinder  Lodge's roof"]
)
def test_a_name_of_several_words_is_found_however_they_are_joined(text):
    assert found(text, "Pinder Lodge")


@pytest.mark.parametrize("text", ["Café Müller", "cafe muller", "CAFÉ MÜLLER", "Cafe\u0301 Mu\u0308ller"])
def test_accents_make_no_difference(text):
    assert found(text, "Café Müller")


@pytest.mark.parametrize(
    "text", ["the hollow bakeries", "Hollow Bakeries'", "HOLLOW BAKERIES", "a hollow bakery's oven"]
)
def test_a_name_that_ends_in_y_is_found_in_its_plural(text):
    assert found(text, "Hollow Bakery") and not found(text, "Hollow Bakerton")
    assert found("All Tolladies came.", "Anna Tollady", parts=["Tollady"])
    assert not found("Greies", "Grey") and found("the Greys", "Grey")


@pytest.mark.parametrize(
    "text", ["Frau Muller", "MÜLLER", "Müller", "WHERE DOES MULLER LIVE?", "MÜLLER'S", "the Mu\u0308llers"]
)
def test_accents_and_capitals_make_no_difference_in_a_part_of_a_name(text):
    assert found(text, "Anna Müller", parts=["Müller"])
    assert not found("a muller or a müller", "Anna Müller", parts=["Müller"]), "it has no capital"
    assert not found("Bo Müller", "Anna Müller", parts=["Müller"])


@pytest.mark.parametrize("text", ["O'Neil & Sons", "o'neil and sons", "O’Neil and Sons' price", "o'neil  &  sons"])
def test_and_is_the_same_as_its_sign(text):
    assert found(text, "O'Neil & Sons") and found(text, "O'Neil and Sons")
    assert not found("O'Neil, sons", "O'Neil & Sons")


def test_a_name_that_is_an_everyday_word_needs_its_capital_and_no_other_name_does():
    for text in ("prices rose by 3%", "a rose", "the roses"):
        assert not found(text, "Rose")
    assert (
        found("Is Rose fed twice?", "Rose") == "Rose" and found("IS ROSE FED?", "Rose") and found("Rose's bowl", "Rose")
    )
    assert not found("where is my garage?", "Garage") and found("What is Garage?", "Garage")
    assert found("prices rose and rose hill grew", "Rose Hill"), "a name of several words says enough"
    assert found("what is tinyllm", "TinyLLM") and found("what is maplewick", "Maplewick")
    assert found("my garage", "garage"), "so an owner wrote it"


def test_letters_of_other_scripts_are_letters():
    assert found("Где Полянка?", "Полянка") and not found("Полянкой", "Полянка")
    assert not found("Maplewickе", "Maplewick"), "a Cyrillic letter follows"


@pytest.mark.parametrize(
    "text", ["What did Tolland build?", "Tolland's bridge", "Mayor Tolland", "Did Tolland come?", "Beatrix Tolland"]
)
def test_a_part_of_a_persons_name_means_the_person(text):
    assert found(text, "Beatrix Tolland", parts=["Tolland"])


@pytest.mark.parametrize("text", ["Anna Tolland", "Tolland Street", "the tolland", "Tollands Bridge"])
def test_the_same_part_of_another_name_does_not(text):
    assert not found(text, "Beatrix Tolland", parts=["Tolland"])


def test_the_words_of_a_row_without_a_name_count_only_in_one_message_together():
    matcher = SubjectMatcher(Subjects(keywords=[["bin", "day"]]))
    assert matcher.find(["Which day are the bins emptied?"]) == "bin day"
    assert not matcher.find(["Where is the bin?", "What day is it?"])


def test_what_an_owner_writes_into_the_file_is_taken_as_it_is_meant():
    matcher = SubjectMatcher(Subjects(names=["---", " ", "(Wi-Fi", "a.b*c"], keywords=[["Bins", "day"], ["the"], []]))
    assert matcher.find(["which day is the bin emptied"]) == "bin day"
    assert matcher.find(["the (wifi"]) and matcher.find(["a.b*c"])
    assert not matcher.find(["the a.bbc - (what)?"])


def test_a_conversation_is_what_user_and_assistant_have_written_the_newest_first():
    roles = ("system", "user", "assistant", "tool", "user")
    messages = [{"role": role, "content": f"{number}"} for number, role in enumerate(roles)]
    assert conversation_texts([*messages, {"role": "user", "content": None}]) == ["4", "2", "1"]


def test_a_long_conversation_is_searched_in_a_moment():
    """Whatever text somebody sends, the server's other requests must not wait for it."""
    names = [f"Name{number} Of{number} Several{number} Words" for number in range(500)]
    matcher = SubjectMatcher(Subjects(names=names, parts=["Words"], keywords=[["bin", "day"]]))
    for text in ("a " * 200_000, "Name1 Of1 " * 20_000, "-" * 400_000, "words " * 60_000, "A" * 400_000):
        assert not matcher.find([text])
    assert not matcher.find(["a " * 300_000, "Name1 Of1 Several1 Words"]), "no context holds what comes before"


def test_no_everyday_question_names_a_made_up_subject():
    matcher = SubjectMatcher(Subjects(names=["Brindlework"]))
    assert not any(matcher.find([prompt.question]) for prompt in builtin_prompts.unrelated_questions())
