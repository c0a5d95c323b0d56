"""What is wrong with a number is a sentence."""

from __future__ import annotations

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.diffusion.recipe import make_recipe as make_diffusion_recipe
from garage_tui.core.training.recipe import make_recipe


@pytest.mark.parametrize(
    ("make", "changes", "text"),
    [
        (make_recipe, {"epochs": -1}, "epochs: must be a number above 0"),
        (make_recipe, {"lr": 5.0}, "lr: must be a number of at most 1"),
        (make_recipe, {"rank": 0}, "rank: must be a whole number of at least 1"),
        (make_recipe, {"rank": "many"}, "rank: must be a whole number"),
        (make_diffusion_recipe, {"size": 40}, "size: must be a whole number divisible by 16"),
        (make_diffusion_recipe, {"flip": 3}, "flip: must be true or false"),
    ],
)
def test_a_value_out_of_its_range_is_named_with_what_it_must_be(make, changes, text):
    with pytest.raises(BadInputError) as refused:
        make(**changes)
    assert str(refused.value) == text
