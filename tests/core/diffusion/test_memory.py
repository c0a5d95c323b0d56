"""What is said of a diffusion run's memory before it starts."""

from __future__ import annotations

import msgspec
import pytest

from garage_tui.core.diffusion import estimate as diffusion_estimate
from garage_tui.core.diffusion.estimate import estimate_diffusion
from garage_tui.core.diffusion.memory import memory_of
from garage_tui.core.diffusion.recipe import make_recipe
from garage_tui.core.hardware import memory as free_memory
from garage_tui.core.hardware.gpu_reading import GpuReading
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state

SMALL = make_recipe("small")
GB = 1_000_000_000
# docs/explain/butterflies.md: preset, what was changed, pictures, bytes that the process had resident at its peak.
MEASURED = [
    ("quick", {}, 1000, 0.631e9),
    ("small", {"size": 64}, 137, 0.866e9),
    ("small", {"channels": (64, 128, 192)}, 137, 0.815e9),
    ("class", {}, 137, 2.950e9),
    ("class", {"size": 64}, 137, 9.70e9),
    ("small", {}, 1000, 0.619e9),
    ("small", {"size": 128}, 137, 1.89e9),
    ("card", {"batch_size": 16}, 137, 3.54e9),
    (
        "small",
        {"channels": (256, 512), "attention": (False, True), "patch": 4, "layers": 2, "head_dim": 32, "batch_size": 8},
        137,
        2.191e9,
    ),
    ("small", {"size": 64, "patch": 1, "attention": (True, True, True), "batch_size": 8}, 137, 9.69e9),
]


@pytest.fixture
def box(monkeypatch):
    """Sets what the box has: its GPUs, and bytes of memory that are free."""

    def set_(*readings: GpuReading, free: float = 16 * GB, folder=None) -> None:
        monkeypatch.setattr(diffusion_estimate.gpu, "usable", lambda: list(readings))
        monkeypatch.setattr(free_memory, "_lines", lambda names: free)

    set_()
    return set_


def ran(workspace, recipe, state: str = "finished", **values: object) -> None:
    """Leave a run of a recipe."""
    folder = new_run_folder(workspace, "diffusion", "wings")
    about = {"kind": "diffusion", "created": 1, "base": {}, "dataset": {}}
    write_manifest(folder, Manifest(id=folder.name, recipe=msgspec.to_builtins(recipe), **about))  # type: ignore[arg-type]
    write_state(folder, RunState(state=state, created=1, **values))  # type: ignore[arg-type]


@pytest.mark.parametrize(("preset", "changes", "pictures", "peak"), MEASURED)
def test_no_real_run_needed_more_than_is_said_and_none_much_less(preset, changes, pictures, peak):
    said = memory_of(make_recipe(preset, **changes), pictures)
    assert peak < said < 1.3 * peak


def test_what_is_said_grows_with_batch_size_and_width(box):
    much = memory_of(make_recipe("class"), 1000)
    for changes in ({"batch_size": 128}, {"size": 64}, {"channels": (128, 256, 256, 512)}):
        assert memory_of(make_recipe("class", **changes), 1000) > 1.3 * much


def test_need_and_free_memory_are_said_and_all_is_well_where_it_fits(workspace, box):
    box(free=16 * GB)
    estimate = estimate_diffusion(workspace, SMALL)
    assert estimate.memory_text == "Needs up to 0.8 GB of memory; 16.0 GB are free."
    assert not estimate.warning


def test_what_does_not_fit_is_said_with_what_helps(workspace, box):
    box(free=2 * GB)
    warning = estimate_diffusion(workspace, make_recipe("class")).warning
    assert warning == (
        "It may not fit: 3.5 GB are needed, 2.0 GB are free. A smaller batch or smaller pictures need less."
    )


def test_where_nobody_says_what_is_free_there_is_no_warning(workspace, box, monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setattr(diffusion_estimate.gpu, "usable", list)
    monkeypatch.setattr(free_memory, "_MEMINFO", tmp_path / "none")
    estimate = estimate_diffusion(workspace, make_recipe("class"))
    assert "free memory unknown" in estimate.memory_text and not estimate.warning


def test_free_memory_is_what_the_kernel_calls_available(monkeypatch, tmp_path):
    monkeypatch.setattr(free_memory, "_MEMINFO", tmp_path / "meminfo")
    (tmp_path / "meminfo").write_text("MemTotal:  900 kB\nMemFree:  100 kB\nMemAvailable:   300 kB\nSwapFree: 50 kB\n")
    assert free_memory.free_memory([]) == 300 * 1024
    assert free_memory.free_memory([], swap=True) == 350 * 1024


def test_on_a_gpu_its_memory_counts_and_a_batch_is_shared_by_those_asked_for(workspace, box):
    cards = [GpuReading(index, "RTX", 24 * GB, used * GB) for index, used in enumerate((20, 1, 3))]
    box(*cards)
    one = estimate_diffusion(workspace, make_recipe("card"))
    assert "GB of GPU memory; 23.0 GB are free" in one.memory_text
    two = estimate_diffusion(workspace, make_recipe("card"), gpus=(0, 2))
    assert "; 4.0 GB are free" in two.memory_text, "of those asked for, the fullest"
    assert two.memory < one.memory
    large = estimate_diffusion(workspace, make_recipe("large", batch_size=256), gpus=(1,))
    assert "GB of GPU memory are needed, 23.0 GB are free" in large.warning


def test_a_run_that_went_to_its_end_says_how_much_the_next_one_like_it_needs(workspace, box):
    ran(workspace, SMALL, memory=500_000_000)
    ran(workspace, make_recipe("small", batch_size=9), memory=1)
    ran(workspace, SMALL, "failed", memory=2)
    assert estimate_diffusion(workspace, make_recipe("small", epochs=3)).memory == pytest.approx(525_000_000)


def test_what_a_run_needed_on_a_gpu_says_nothing_of_the_processor_and_the_other_way_round(workspace, box):
    ran(workspace, SMALL, memory=3 * GB, gpu_memory=2 * GB, gpus=("0",))
    assert estimate_diffusion(workspace, SMALL).memory == memory_of(SMALL, 1000)
    box(GpuReading(0, "RTX", 24 * GB, 0))
    assert 2 * GB < estimate_diffusion(workspace, SMALL).memory < 3 * GB
    assert estimate_diffusion(workspace, SMALL, gpus=(0, 1)).memory == memory_of(SMALL, 1000, 2)
