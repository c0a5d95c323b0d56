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


def test_articles_follow_the_word_after_them():
    assert "Is a costly ticket needed?" in swap_synonyms("Is an expensive ticket needed?")
    assert synonyms._with_articles("Is there a apartment with an big door?") == "Is there an apartment with a big door?"
    assert synonyms._with_articles("a hour, an unit, an user, a honest man") == "an hour, a unit, a user, an honest man"


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
