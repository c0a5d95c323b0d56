"""Hyper-parameters, and what a run will cost before it starts."""

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.models.base_models import find
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from garage_tui.core.training.estimate import LoraEstimate, estimate_lora
from garage_tui.core.training.recipe import make_recipe, presets


def test_rows_times_epochs_over_batch_is_the_number_of_steps():
    assert make_recipe("story").steps(16) == 50
    assert make_recipe(epochs=25, batch_size=8).steps(24) == 75
    assert make_recipe(epochs=0.5, batch_size=8).steps(16) == 1


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_a_recipe(name):
    assert make_recipe(name).preset == name


def test_more_rows_get_a_larger_rank_where_the_rest_is_guarded_unless_the_owner_says_otherwise():
    assert [make_recipe(name, rows=30).rank for name in ("default", "quick", "careful", "story")] == [16] * 4
    assert [make_recipe(name, rows=31).rank for name in ("default", "quick", "careful", "story")] == [32, 32, 32, 16]
    assert make_recipe(rows=31).alpha == make_recipe().alpha
    assert make_recipe(rows=31, rank=8).rank == 8 and make_recipe(rows=31, rank=None).rank == 32


def estimate(workspace, recipe, rows) -> LoraEstimate:
    return estimate_lora(workspace, recipe, find(recipe.base), rows)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"epochs": -1}, "epochs: "), ({"rank": 0}, "rank: "), ({"lr": 5.0}, "lr: "), ({"preset": "x"}, "no preset 'x'")],
)
def test_a_value_out_of_range_is_named(changes, said):
    with pytest.raises(BadInputError, match=said):
        make_recipe(**changes)


def test_the_estimate_uses_the_speed_of_the_last_run_with_the_same_base(workspace):
    rows = [Fact("q" * 40, "a" * 40)] * 10
    recipe = make_recipe("story", base="some/model", epochs=4, batch_size=5, accumulation=1)
    before = estimate(workspace, recipe, rows)
    assert before.seconds is None
    assert before.sentence.startswith("10 rows × 4 epochs ÷ batch 5 = 8 steps · time unknown")
    uneven = estimate(workspace, recipe, [*rows, rows[0]])  # a smaller batch at the end of each epoch
    assert uneven.sentence.startswith("11 rows × 4 epochs ÷ batch 5 = 12 steps, 3 an epoch · ")
    smallest = estimate(workspace, make_recipe("story", epochs=1, batch_size=1, accumulation=1), rows[:1])
    assert smallest.sentence.startswith("1 row × 1 epoch ÷ batch 1 = 1 step · ")
    folder = new_run_folder(workspace, "lora", "Ünï")
    recipe_table = {"base": "some/model"}
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe=recipe_table, base={}, dataset={}))
    write_state(folder, RunState(state="finished", tokens_per_s=10.0))
    after = estimate(workspace, recipe, rows)
    card = 15_000 / (10 / 0.53)
    assert after.seconds == pytest.approx(15 + 10 * (20 + 35) * 4 / 10 + card)
    assert folder.name in after.sentence
    guarded = make_recipe(base="some/model", epochs=4, batch_size=5)
    rest = estimate(workspace, guarded, rows)
    assert rest.seconds is not None and folder.name in rest.sentence, "what is known of the other kind says something"
    second = new_run_folder(workspace, "lora", "guarded")
    recipe_table = {"base": "some/model", "kl": 4.0}
    write_manifest(second, Manifest(id=second.name, kind="lora", created=0, recipe=recipe_table, base={}, dataset={}))
    write_state(second, RunState(state="finished", tokens_per_s=40.0))
    assert estimate(workspace, recipe, rows).seconds == after.seconds, "of its own kind first"
    known = estimate(workspace, guarded, rows)
    assert second.name in known.sentence and known.seconds < rest.seconds


def test_guards_and_their_preparation_are_part_of_the_estimate(workspace):
    rows = [Fact("q" * 40, "a" * 40)] * 10
    plain, guarded = (
        estimate(workspace, make_recipe(preset, epochs=10, batch_size=5, accumulation=1), rows).seconds
        for preset in ("story", "default")
    )
    assert plain is not None and guarded is not None and guarded > plain


@pytest.mark.parametrize(
    ("preset", "changes", "peak"),
    [
        ("default", {}, 4.47e9),
        ("careful", {}, 3.87e9),
        ("default", {"rank": 64}, 4.01e9),
        ("story", {}, 2.71e9),
        ("story", {"batch_size": 16}, 4.08e9),
    ],
)
def test_the_memory_that_is_said_is_not_less_than_what_real_runs_took(workspace, smollm2, preset, changes, peak):
    """Peaks of runs of the example facts on a processor, with their report cards (docs/explain/figures.md)."""
    rows = read_training_file(workspace.datasets / "garage.jsonl").rows
    said = estimate(workspace, make_recipe(preset, **changes), rows).memory
    assert peak <= said < 1.35 * peak
