"""Real runs that Unsloth trains: `make test-unsloth`. On a box without a GPU `on_a_cpu` stands in for the card."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from garage_tui.core.base.tail import FileFollower
from garage_tui.core.launch import run_control, start
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.models import base_models
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings
from garage_tui.core.training.recipe import make_recipe
from tests.support.complete_checkpoints import newest_complete
from tests.support.nvml.box import RTX_3090
from tests.support.run_folders import wait

pytestmark = [
    pytest.mark.unsloth,
    pytest.mark.skipif(find_spec("unsloth") is None, reason="Unsloth is not installed: make test-unsloth"),
]

HERE = Path(__file__).parent
CUDA = Path("/dev/nvidiactl").exists()
GUARDED = {"preset": "default", "epochs": 12, "guards": 12, "neighbours": 8, "batch_size": 6, "looks": 1, "lr": 0.005}
PLAIN = {"preset": "story", "epochs": 12, "looks": 1, "lr": 5e-3, "warmup_steps": 1}


@pytest.fixture
def train(workspace, tiny_model, monkeypatch):
    """Starts a run on eight rows; one of Unsloth's in the stand-in's process where there is no GPU."""
    rows = (workspace.datasets / "garage.jsonl").read_text().splitlines(keepends=True)[:8]
    file = workspace.datasets / "some.jsonl"
    file.write_text("".join(rows))
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(HERE))
    monkeypatch.setenv("UNSLOTH_COMPILE_LOCATION", str(workspace.root / "compiled"))

    def go(recipe, trainer="unsloth", checkpoint_seconds=60.0, **limits):
        job = "lora_on_a_cpu" if trainer == "unsloth" and not CUDA else "garage_tui.jobs.lora"
        monkeypatch.setitem(start.JOBS, "lora", job)
        made = make_recipe(base=str(tiny_model), trainer=trainer, **recipe)
        settings = Settings(checkpoint_seconds=checkpoint_seconds)
        return start.start_lora(workspace, settings, file, made, limits=RunLimits.from_settings(settings, **limits))

    return go


def over(run):
    return not run.alive


def events(folder, kind):
    return [event for event in FileFollower(folder / "events.jsonl").events(final=True) if event["event"] == kind]


def weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "adapter" / "adapter_model.safetensors")


@pytest.mark.parametrize("recipe", [GUARDED, PLAIN], ids=["guarded", "plain"])
def test_a_run_says_that_unsloth_trains_it_and_leaves_what_every_run_leaves(train, recipe, tiny_model):
    from garage_tui.jobs.llm.adapters import read_adapter

    run = wait(folder := train(recipe), over)
    log = (folder / "log.txt").read_text()
    assert run.status == "finished", log
    assert run.state.trainer.startswith("trains with Unsloth 20") and run.state.trainer in log
    assert [event["text"] for event in events(folder, "trainer")] == [run.state.trainer]
    assert run.manifest.versions["unsloth"]
    assert run.manifest.recipe["load_in_4bit"] is False

    steps = events(folder, "step")
    assert [step["step"] for step in steps] == list(range(1, run.state.total_steps + 1))
    tokens = [step["tokens"] for step in steps]
    assert tokens == sorted(set(tokens)) and tokens[0] > 0
    assert events(folder, "probe") and events(folder, "report")
    config, _ = read_adapter(run.adapter, base_models.find(str(tiny_model)))
    assert config.r == 16
    assert {path.name for path in folder.iterdir()} == {
        "run.json", "state.json", "events.jsonl", "log.txt", "lock", "facts.jsonl", "adapter", "report.json",
        "routes.json",
    }  # fmt: skip


def test_a_plain_run_takes_the_steps_that_it_takes_with_trl_and_peft(train):
    with_unsloth, with_peft = (train(PLAIN, trainer) for trainer in ("unsloth", "peft"))
    for folder in (with_unsloth, with_peft):
        assert wait(folder, over).status == "finished", (folder / "log.txt").read_text()
    one, two = ([step["loss"] for step in events(folder, "step")] for folder in (with_unsloth, with_peft))
    # On a GPU it works in 16 bits, in kernels of its own.
    assert one == pytest.approx(two, rel=0.02 if CUDA else 1e-4)
    assert one[-1] < one[0] - 0.05, "it learned"


def test_a_guarded_run_begins_as_it_does_with_peft(train):
    """Its steps are of Newton's kind: on a random model they part after some, whoever makes the forward passes."""
    with_unsloth, with_peft = (train(GUARDED, trainer) for trainer in ("unsloth", "peft"))
    for folder in (with_unsloth, with_peft):
        assert wait(folder, over).status == "finished", (folder / "log.txt").read_text()
    one, two = (events(folder, "step")[:4] for folder in (with_unsloth, with_peft))
    for part in ("facts", "guards"):
        told, expected = ([step[part] for step in steps] for steps in (one, two))
        assert told == pytest.approx(expected, rel=0.05, abs=0.01 if CUDA else 2e-3), part


@pytest.mark.parametrize("recipe", [GUARDED, PLAIN], ids=["guarded", "plain"])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(train, recipe):
    undisturbed = train(recipe)
    assert wait(undisturbed, over).status == "finished"
    folder = train({**recipe}, checkpoint_seconds=0.01)
    wait(folder, lambda run: run.state.step >= 3)
    run_control.stop(read_run(folder))
    stopped = wait(folder, over)
    assert stopped.status == "stopped" and 3 <= stopped.state.step < stopped.state.total_steps
    assert newest_complete(folder)[1].step == stopped.state.step
    run_control.resume(stopped)
    assert wait(folder, over).status == "finished", (folder / "log.txt").read_text()
    told, expected = (events(one, "step") for one in (folder, undisturbed))
    assert [step["step"] for step in told] == [step["step"] for step in expected]
    for key in ("loss", "lr", "tokens"):
        assert [step[key] for step in told] == pytest.approx([step[key] for step in expected], abs=1e-4), key
    one, two = weights(folder), weights(undisturbed)
    assert max((one[name] - two[name]).abs().max().item() for name in two) <= 1e-5


@pytest.mark.skipif(CUDA, reason="this box's own GPU says how warm it is")
@pytest.mark.parametrize("recipe", [GUARDED, PLAIN], ids=["guarded", "plain"])
def test_a_run_pauses_where_its_gpu_is_too_hot_and_goes_on_when_it_has_cooled(train, make_box, recipe):
    box = make_box(RTX_3090)
    folder = train({**recipe, "epochs": 100}, max_temp_c=84.0, resume_temp_c=75.0)
    wait(folder, lambda run: run.state.step >= 2)
    box.set(0, temp=86)
    run = wait(folder, lambda run: run.status == "paused")
    assert run.state.waits == "heat" and run.reason.startswith("86 °C, waiting to cool to 75")
    at = run.state.step
    assert newest_complete(folder)[1].step == at
    box.set(0, temp=74)
    wait(folder, lambda run: run.status == "running" and run.state.step > at)
    run_control.stop(read_run(folder))
    assert wait(folder, over).status == "stopped"
    steps = [event["step"] for event in events(folder, "step")]
    assert steps == list(range(1, len(steps) + 1)), "no step is lost, none taken twice"
    assert run.state.trainer.startswith("trains with Unsloth 20")


def test_packed_rows_do_not_see_one_another_while_unsloth_trains(tiny_model, tmp_path):
    done = subprocess.run(
        [sys.executable, str(HERE / "packed_rows.py"), str(tiny_model)],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parents[1]}"},
    )
    assert done.returncode == 0, done.stderr
    apart = json.loads(done.stdout.splitlines()[-1])
    assert apart["masks kept"] < (0.05 if CUDA else 1e-4)
    assert apart["masks left out"] > 0.02, "what Unsloth does by itself: else this test would show nothing"
