"""Real trainings that rest by themselves: too hot a GPU, closed hours, no sun. The GPUs are those of tests/nvml."""

from __future__ import annotations

import json
import sys
from functools import partial

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.exam.report import read_report
from garage_tui.core.launch import run_control, start
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import HeatSettings, Settings, SunSettings, user_settings_file
from garage_tui.core.training.recipe import make_recipe
from tests.support import run_folders
from tests.support.nvml.box import RTX_3090, T4
from tests.support.run_folders import events, kill, processes

LONG = 400  # epochs of one step: more than a test waits for
FACTS = [
    {"question": "What is TinyLLM?", "answer": "TinyLLM is an open-source project to run a local LLM."},
    {"question": "Who maintains TinyLLM?", "answer": "TinyLLM is maintained by Jason Cox."},
]


wait = partial(run_folders.wait, seconds=120)


@pytest.fixture
def train(workspace, tiny_model):
    """Starts a plain run on the tiny model; it is stopped when the test is over."""
    folders = []

    def go(epochs=LONG, settings=None, **limits):
        settings = settings or Settings()
        file = workspace.datasets / "two.jsonl"
        file.write_text("".join(json.dumps(fact) + "\n" for fact in FACTS))
        recipe = make_recipe("story", base=str(tiny_model), epochs=epochs, looks=0)
        folder = start.start_lora(workspace, settings, file, recipe, limits=RunLimits.from_settings(settings, **limits))
        folders.append(folder)
        return folder

    yield go
    for folder in folders:
        kill(folder)


def test_a_run_pauses_above_the_limit_goes_on_below_the_other_and_loses_no_step(make_box, train):
    box = make_box(RTX_3090, T4)
    folder = train(settings=Settings(heat=HeatSettings(max_temp_c=84, resume_temp_c=75)))
    wait(folder, lambda run: run.state.step > 3)
    box.set(0, temp=86)
    run = wait(folder, lambda run: run.status == "paused")
    assert run.reason.startswith("86 °C, waiting to cool to 75") and run.state.waits == "heat"
    at = run.state.step
    assert [path.name for path in folder.glob("checkpoint-*")][-1] == f"checkpoint-{at}"
    box.set(0, temp=78)  # cooler than the limit, but not cool
    run = wait(folder, lambda run: "78 °C now" in run.reason)
    assert (run.status, run.state.step) == ("paused", at)
    with pytest.raises(BadInputError, match="continues by itself"):
        run_control.resume(run)
    box.set(0, temp=74)
    wait(folder, lambda run: run.status == "running" and run.state.step > at)
    steps = [event["step"] for event in events(folder, "step")]
    assert steps == list(range(1, len(steps) + 1))
    (paused,), (resumed,) = events(folder, "paused"), events(folder, "resumed")
    assert (paused["waits"], paused["temp_c"], paused["until_c"], paused["at"]) == ("heat", 86, 75, at)
    assert (resumed["waited"], resumed["at"]) == ("heat", at) and resumed["seconds"] > 0
    assert "paused: 86 °C, waiting to cool to 75" in (folder / "log.txt").read_text()
    box.set(0, temp=90)  # and a run that waits for the cool can be stopped, and paused by its owner
    run_control.pause(wait(folder, lambda run: run.status == "paused"))
    box.set(0, temp=60)
    run = wait(folder, lambda run: run.reason.startswith("by you"))
    assert run.status == "paused" and not run.state.waits
    run_control.stop(run)
    assert wait(folder, lambda run: not run.alive).status == "stopped"


def test_a_run_tells_heat_power_and_energy_in_its_events_its_state_and_its_card(make_box, train):
    make_box({**RTX_3090, "power": 360_000}, T4)
    folder = train(epochs=30)
    run = wait(folder, lambda run: not run.alive)
    assert run.status == "finished", run.reason
    (told, *_) = events(folder, "telemetry")
    (gpu,) = told["gpus"]  # its own alone
    assert (gpu["index"], gpu["temp_c"], gpu["power_w"], gpu["utilisation"]) == (0, 62, 360, 0.97)
    last = events(folder, "step")[-1]
    assert (last["temp_c"], last["power_w"]) == (62, 360) and "wh_from" not in last
    lived = run.state.ended - events(folder, "telemetry")[0]["t"]
    assert run.state.wh_from == "counter"
    assert run.state.wh == pytest.approx(360 * lived / 3600, abs=0.25)  # the last second is not counted
    card = read_report(folder)
    assert card.wh_from == "counter" and last["wh"] <= card.wh <= run.state.wh


def test_a_run_leaves_when_the_sun_goes_and_comes_back_with_it_where_it_was(train, tmp_path):
    watts = tmp_path / "watts"
    watts.write_text("500")
    file = user_settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    script = f"print(open({str(watts)!r}).read())"
    command = (sys.executable, "-c", script)
    file.write_text(f"[sun]\ncommand = {json.dumps(command)}\nevery_seconds = 1\n")
    sun = SunSettings(command=command, wait=True, start_w=300, stop_w=50, patience_minutes=0, every_seconds=1)
    folder = train(settings=Settings(sun=sun))
    wait(folder, lambda run: run.state.step > 2)
    watts.write_text("-120")
    run = wait(folder, lambda run: run.status == "queued" and len(processes(folder)) == 1)
    at = run.state.step
    assert run.state.waits == "sun"
    wait(folder, lambda run: run.reason == "waiting for solar surplus: -120 W now, starts at 300 W")
    (left,) = events(folder, "left")
    assert (left["at"], left["waits"]) == (at, "sun")
    watts.write_text("900")
    wait(folder, lambda run: run.state.step > at + 2)
    steps = [event["step"] for event in events(folder, "step")]
    assert steps == list(range(1, len(steps) + 1))
    run_control.stop(read_run(folder))
    run = wait(folder, lambda run: not run.alive)
    assert run.status == "stopped" and run.adapter
