"""The fields of a launch form, without an app: the text of a field is a value, or a sentence about what is wrong."""

from __future__ import annotations

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.diffusion import recipe as diffusion
from garage_tui.core.diffusion.recipe_help import CHOICES
from garage_tui.core.training.recipe import make_recipe
from garage_tui.screens.launch.field_values import (
    ChoiceField,
    NumberField,
    TextField,
    change_hint,
    follow_preset,
    parse_numbers,
)

EPOCHS = NumberField("epochs", "Epochs", whole=False)
RANK = NumberField("rank", "Rank")
NAME = TextField("name", "Name", "", "")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [(EPOCHS, "3", 3.0), (EPOCHS, "0.5", 0.5), (EPOCHS, "1e-3", 0.001), (RANK, "16", 16)],
)
def test_a_text_is_a_number(field, text, value):
    assert field.parse(text) == value
    assert isinstance(field.parse(text), int if field.whole else float)


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        (EPOCHS, "many", "epochs: 'many' is not a number"),
        (EPOCHS, "", "epochs: '' is not a number"),
        (RANK, "8.5", "rank: '8.5' is not a whole number"),
    ],
)
def test_a_text_that_is_not_a_number_is_a_sentence(field, text, sentence):
    with pytest.raises(BadInputError, match=sentence):
        field.parse(text)
    with pytest.raises(BadInputError, match=sentence):
        parse_numbers([NAME, field], {field.name: text, "name": "mine"})


def test_only_the_recipes_numbers_are_parsed():
    assert parse_numbers([NAME, EPOCHS, RANK], {"name": "mine", "epochs": "2", "rank": "8"}) == {"epochs": 2, "rank": 8}


def test_a_number_is_shown_without_needless_digits():
    recipe = make_recipe(epochs=25.0, lr=5e-4)
    assert EPOCHS.show(recipe) == "25" and NumberField("lr", "Learning rate", whole=False).show(recipe) == "0.0005"
    assert RANK.show(recipe) == "16"


def test_a_choice_is_shown_as_the_word_of_its_list():
    flip = ChoiceField("flip", "Mirrored", CHOICES["flip"])
    assert flip.show(diffusion.make_recipe(flip=False)) == "no" and flip.word(True) == "yes"


def test_a_hint_names_what_the_preset_has():
    assert change_hint("3", "30") == "◆ changed from 30" and change_hint("30", "30") == ""


def test_a_number_follows_its_preset_until_somebody_changes_it():
    before, now = make_recipe(), make_recipe(rows=31)  # which raises the rank
    assert follow_preset([EPOCHS, RANK], {"epochs": "30", "rank": "16"}, before, now) == {"rank": "32"}
    assert follow_preset([EPOCHS, RANK], {"epochs": "30", "rank": "8"}, before, now) == {}
