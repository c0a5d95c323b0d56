"""A question with a word exchanged asks the same, in good English, about the same name."""

from collections import Counter

import pytest

from garage_tui.core.language import synonyms
from garage_tui.core.language.synonyms import swap_synonyms

LODGE = "Pinder Lodge"


@pytest.mark.parametrize(
    ("question", "name", "another"),
    [
        ("When was the boiler at Pinder Lodge replaced?", LODGE, "When was the furnace at Pinder Lodge replaced?"),
        ("When was the boiler at Pinder Lodge replaced?", LODGE, "When was the boiler at Pinder Lodge swapped?"),
        ("Who looks after the garden of Brindle?", "Brindle", "Who takes care of the garden of Brindle?"),
        ("Where are the repositories of Brindle?", "Brindle", "Where are the repos of Brindle?"),
        ("Until when may I use the pool?", "", "How late may I use the pool?"),
        ("When does Brindle open?", "Brindle", "At what time does Brindle open?"),
        ("How do I reach Brindle?", "Brindle", "How can I reach Brindle?"),
    ],
)  # fmt: skip
def test_a_word_is_exchanged_in_its_own_form(question, name, another):
    assert another in swap_synonyms(question, name)


def test_the_name_and_other_names_stay():
    for found in (
        swap_synonyms("Who owns the Boiler House?", "Boiler House"),
        swap_synonyms("Who took Boiler House Road to Brindle?", "Brindle"),
    ):
        assert all("Boiler House" in one for one in found)


def test_an_article_follows_the_word_that_is_exchanged():
    assert "Is a costly ticket needed?" in swap_synonyms("Is an expensive ticket needed?")
    assert "Is there a flat with an open door?" in swap_synonyms("Is there an apartment with an open door?")
    assert "Does it need a flash drive?" in swap_synonyms("Does it need a usb stick?")
    assert "Does it need a usb stick?" in swap_synonyms("Does it need a flash drive?")
    assert "Is there an exit?" in swap_synonyms("Is there a way out?")


def test_other_articles_stay_as_they_were_written():
    found = swap_synonyms("Who made an LLM with a SQL driver and a honest price?")
    assert found and all("an LLM" in one and "a SQL driver" in one for one in found)


@pytest.mark.parametrize(
    ("question", "another"),
    [
        ("Who unplugs the fridge?", "Who disconnects the fridge?"),
        ("Who is disconnecting the charger?", "Who is unplugging the charger?"),
        ("Who disconnected the charger?", "Who unplugged the charger?"),
        ("Why is Marrit dropping out of the club?", "Why is Marrit quitting the club?"),
        ("Where are the chairpersons?", "Where are the chairmen?"),
        ("Who are the burglars?", "Who are the thieves?"),
        ("What are the crests?", "What are the coats of arms?"),
        ("Who misplaced the key?", "Who mislaid the key?"),
    ],
)  # fmt: skip
def test_the_synonym_has_the_right_form(question, another):
    assert another in swap_synonyms(question)


def test_a_noun_without_a_plural_replaces_none():
    assert "Where are the gutters?" not in swap_synonyms("Where are the guttering?")
    assert not any("guttering" in one for one in swap_synonyms("Where are the gutters?"))


def test_no_question_is_its_own_synonym():
    question = "Where can I find the source code of Brindle?"
    found = swap_synonyms(question, "Brindle")
    assert found and question not in found and len(set(found)) == len(found)


def test_every_line_of_the_table_can_be_read_and_no_word_stands_in_two_groups():
    groups = list(synonyms._groups())
    assert len(groups) > 500 and {kind for kind, _ in groups} == {"v", "n", "a", "q"}
    assert all(len(members) > 1 and all(0 < len(member.split()) <= 5 for member in members) for _, members in groups)
    counted = Counter(member for _, members in groups for member in members)
    assert [member for member, count in counted.items() if count > 1] == []
    assert all(len(forms) == 2 and all(forms) for _, forms in synonyms._irregular())
