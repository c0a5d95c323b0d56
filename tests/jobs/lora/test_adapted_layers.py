"""Which layers of the base model get an adapter."""

from types import SimpleNamespace

import pytest

from garage_tui.core.training.recipe import make_recipe
from garage_tui.jobs.lora.adapted_layers import adapter_config

THIRTY = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: SimpleNamespace(num_hidden_layers=30)))


@pytest.mark.parametrize(
    ("preset", "layers"), [("default", list(range(10, 30))), ("careful", list(range(10, 30))), ("story", None)]
)
def test_a_guarded_run_leaves_the_first_third_of_the_layers_as_it_is(preset, layers):
    assert adapter_config(THIRTY, make_recipe(preset)).layers_to_transform == layers


def test_the_projections_and_the_rank_are_those_of_the_recipe():
    config = adapter_config(THIRTY, make_recipe("default", rank=8, alpha=4, rows=40))
    assert (config.r, config.lora_alpha) == (8, 4)
    assert config.target_modules == set(make_recipe("default").targets)
