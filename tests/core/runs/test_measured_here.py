"""What the runs of a workspace say about the speed and the memory of a new one on this box."""

from __future__ import annotations

import msgspec
import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.diffusion import recipe as diffusion
from garage_tui.core.diffusion.estimate import estimate_diffusion
from garage_tui.core.facts.line import Fact
from garage_tui.core.hardware.memory import memory_again
from garage_tui.core.models.base_models import find
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from garage_tui.core.scheduling.admission import check_fits
from garage_tui.core.training import recipe as training
from garage_tui.core.training.estimate import estimate_lora
from tests.support.nvml.box import RTX_3090

SMALL = diffusion.make_recipe("small")
LORA = training.make_recipe(base="some/model")
ROWS = [Fact("q" * 40, "a" * 40)] * 10
TOTAL = float(24 << 30)


def add(workspace, kind, place="", **state):
    """Add a finished run that did the same as the next one will."""
    folder = new_run_folder(workspace, kind, "before")
    recipe = msgspec.to_builtins(SMALL if kind == "diffusion" else LORA)
    about = {"recipe": recipe, "base": {}, "dataset": {}, "place": place}
    write_manifest(folder, Manifest(id=folder.name, kind=kind, created=1.0, **about))
    write_state(folder, RunState(state="finished", step=300, total_steps=300, started=1.0, ended=2.0, **state))
    return folder.name


def lora(workspace):
    return estimate_lora(workspace, LORA, find(LORA.base), ROWS)


AT_LAB = {"gpus": ("0",), "gpu_memory": 2 * 10**9}


def test_a_run_at_a_place_says_nothing_about_this_box(workspace):
    before = estimate_diffusion(workspace, SMALL), lora(workspace)
    add(workspace, "diffusion", "lab", images_per_s=20_000.0, **AT_LAB)
    add(workspace, "lora", "lab", tokens_per_s=60_000.0, **AT_LAB)
    add(workspace, "diffusion", "lab", images_per_s=20_000.0, memory=10**9)
    add(workspace, "lora", "lab", tokens_per_s=60_000.0, memory=10**9)
    after = estimate_diffusion(workspace, SMALL), lora(workspace)
    assert [(one.seconds, one.memory) for one in after] == [(one.seconds, one.memory) for one in before]


def test_a_run_on_a_gpu_is_not_the_speed_of_the_processor(workspace):
    before = estimate_diffusion(workspace, SMALL).seconds, lora(workspace).seconds
    add(workspace, "diffusion", images_per_s=20_000.0, **AT_LAB)
    add(workspace, "lora", tokens_per_s=60_000.0, **AT_LAB)
    assert (estimate_diffusion(workspace, SMALL).seconds, lora(workspace).seconds) == before


def test_a_run_on_the_processor_is_not_the_speed_of_a_gpu(workspace, make_box):
    add(workspace, "diffusion", images_per_s=20.0)
    add(workspace, "lora", tokens_per_s=60.0)
    make_box(RTX_3090)
    assert (estimate_diffusion(workspace, SMALL).seconds, lora(workspace).seconds) == (None, None)
    names = (
        add(workspace, "diffusion", images_per_s=2000.0, gpus=("0",)),
        add(workspace, "lora", tokens_per_s=6000.0, gpus=("0",)),
    )
    assert estimate_diffusion(workspace, SMALL).basis == f"as fast as {names[0]}"
    assert lora(workspace).basis == f"as fast as {names[1]}"


def test_a_run_that_filled_its_gpu_can_be_started_again(workspace, make_box):
    used = 24_000_000_000
    add(workspace, "diffusion", images_per_s=2000.0, gpus=("0",), gpu_memory=used)
    add(workspace, "lora", tokens_per_s=6000.0, gpus=("0",), gpu_memory=used + 10**9)
    make_box({**RTX_3090, "mem_used": 400 << 20})
    memory = estimate_diffusion(workspace, SMALL).memory
    check_fits("diffusion", memory, ())
    assert memory == used, "all that is free on the GPU of the run before"
    assert lora(workspace).memory == used + 10**9


@pytest.mark.parametrize(
    ("used", "total", "needs"),
    [
        (10e9, TOTAL, 10e9 * 1.05 + 0.8e9),
        (10e9, None, 10e9 * 1.05 + 0.8e9),
        (22.8e9, TOTAL, TOTAL - 2e9),
        (24e9, TOTAL, 24e9),
        (60e9, TOTAL, 60e9),  # measured on a larger GPU: it does not fit here
    ],
)
def test_a_measured_run_needs_a_little_more_but_not_more_than_can_be_there(used, total, needs):
    assert memory_again(used, 0.8e9, total) == needs


def test_a_run_that_was_measured_on_a_larger_gpu_is_still_refused_on_a_smaller_one(workspace, make_box):
    add(workspace, "diffusion", images_per_s=2000.0, gpus=("0",), gpu_memory=60 * 10**9)
    make_box(RTX_3090)
    with pytest.raises(BadInputError, match="needs about 60"):
        check_fits("diffusion", estimate_diffusion(workspace, SMALL).memory, ())
