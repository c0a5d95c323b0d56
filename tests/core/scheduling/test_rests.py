"""Runs that rest by themselves, with a job that does nothing else: heat, closed hours, power caps, whatever the end."""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from garage_tui.core.hardware.nvml import Nvml
from garage_tui.core.launch import run_control, start
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings, SunSettings, user_settings_file
from garage_tui.core.training.recipe import make_recipe
from tests.support import run_folders
from tests.support.nvml.box import RTX_3090
from tests.support.run_folders import events, kill, processes

JOB = """
import time
import msgspec
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest
from garage_tui.jobs.runtime.heat_guard import Interruptions
from garage_tui.jobs.runtime.progress import ENDINGS, Progress
from garage_tui.jobs.runtime.telemetry import Telemetry
import sys
progress = Progress.of_arguments(sys.argv[1:])
telemetry = Telemetry(progress, every=0.05, report_every=0.2)
telemetry.start()
progress.gauges = telemetry.fields
manifest = msgspec.json.decode((progress.folder / MANIFEST).read_bytes(), type=Manifest)
interruptions = Interruptions(progress, telemetry, manifest.limits)
interruptions.check()
progress.cool_down = lambda: interruptions.cool(progress.last_step)
progress.start_phase("working")
progress.interruptible = False
step, steps, hold = progress.last_step, manifest.recipe["epochs"], None
while step < steps and progress.requested() in ("", "pause") and not (hold := interruptions.hold()):
    step += 1
    progress.write_step(step=step, loss=1 / step, total_steps=int(steps))
    interruptions.cool(step)
    progress.wait_while_paused(step)
    time.sleep(0.05)
telemetry.stop()
from garage_tui.core.hardware import power_cap
power_cap.put_back(progress.folder)
if hold:
    progress.suspend(step, hold)
    time.sleep(float(manifest.recipe["dropout"]))  # as long as CUDA takes to leave
else:
    progress.end(*ENDINGS.get(progress.requested(), ("finished", "")))
"""
SUN = SunSettings(command=("true",), start_w=300, stop_w=50, patience_minutes=0)
LONG = 9_000  # steps: more than a test waits for


wait = partial(run_folders.wait, seconds=30)


@pytest.fixture
def train(workspace, tmp_path, monkeypatch):
    """Starts a run of so many steps through the real `spawn` and supervisor; it is killed when the test is over."""
    (tmp_path / "a_job.py").write_text(JOB)
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(tmp_path))
    monkeypatch.setitem(start.JOBS, "lora", "a_job")
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))

    def go(epochs=LONG, leaving=0.0, gpus=(), grace=60.0, **limits):
        file = workspace.datasets / "garage.jsonl"
        recipe = make_recipe("story", epochs=epochs, dropout=leaving)  # a job without a model has no other use for it
        return start.start_lora(
            workspace,
            Settings(sun=SUN, stop_grace_seconds=grace),
            file,
            recipe,
            gpus=gpus,
            limits=RunLimits.from_settings(Settings(sun=SUN), **limits),
        )

    yield go
    for run in list_runs(workspace):
        kill(run.path)


def module(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[3]


def cap():
    door = Nvml()
    try:
        return door.read().gpus[0].cap_w
    finally:
        door.close()


def later() -> str:
    """A window that is closed now and opens in two hours."""
    begin = datetime.now() + timedelta(hours=2)
    return f"{begin:%H:%M}-{begin + timedelta(minutes=10):%H:%M}"


def test_heat_before_the_first_step_is_waited_for_too_and_a_stop_does_not_wait(make_box, train):
    make_box({**RTX_3090, "temp": 97})
    folder = train()
    run = wait(folder, lambda run: run.status == "paused")
    assert run.reason.startswith("97 °C, waiting to cool to 80") and run.state.step == 0
    run_control.stop(run)
    assert wait(folder, lambda run: not run.alive).status == "stopped"


@pytest.mark.parametrize(("how", "status"), [("job", "failed"), ("all", "interrupted"), ("stop", "stopped")])
def test_a_run_that_dies_while_it_waits_for_heat_is_not_paused_by_anybody(make_box, train, how, status):
    make_box({**RTX_3090, "temp": 97})
    folder = train(grace=1)
    run = wait(folder, lambda run: run.status == "paused")
    (job,) = [pid for pid in processes(folder) if module(pid) == "a_job"]
    if how == "stop":
        os.kill(job, signal.SIGSTOP)  # hangs, as a driver does that has lost its GPU
        run_control.stop(run)
    for pid in {"job": [job], "all": processes(folder), "stop": []}[how]:
        os.kill(pid, signal.SIGKILL)
    run = wait(folder, lambda run: not run.alive)
    assert run.status == status and run.resumable and "by you" not in run.reason
    assert "°C" not in run.reason, "it does not wait for anything any more"


def test_a_processor_has_no_power_and_none_is_invented(train):
    folder = train(epochs=5)
    run = wait(folder, lambda run: not run.alive)
    assert run.status == "finished" and run.state.wh is None and run.state.wh_from == ""
    (told, *_) = events(folder, "telemetry")
    assert told["gpus"] == [] and told["host"]["memory_used"] > 0 and "wh" not in told


def test_the_power_cap_is_lower_while_a_run_works_and_back_when_its_job_is_killed(make_box, train):
    make_box({**RTX_3090, "set_cap": "ok"})
    folder = train(power_cap_w=220.0)
    wait(folder, lambda run: run.state.step > 1)
    assert cap() == 220
    (job,) = [pid for pid in processes(folder) if module(pid) == "a_job"]
    os.kill(job, signal.SIGKILL)
    assert wait(folder, lambda run: not run.alive).status == "failed"
    assert cap() == 350
    said = [event["text"] for event in events(folder, "power")]
    assert said == ["power cap of GPU 0: 220 W instead of 350, until the run ends", "power cap restored to 350 W"]


def test_when_everything_of_a_run_is_killed_the_next_run_puts_the_cap_back(make_box, train):
    make_box({**RTX_3090, "set_cap": "ok"})
    folder = train(power_cap_w=220.0)
    wait(folder, lambda run: run.state.step > 1)
    for process in processes(folder):
        os.kill(process, signal.SIGKILL)
    wait(folder, lambda run: not run.alive)
    assert cap() == 220
    second = train(epochs=2)
    wait(second, lambda run: run.state.state == "finished")
    assert cap() == 350


def test_when_only_the_supervisor_is_killed_the_job_puts_the_cap_back(make_box, train):
    make_box({**RTX_3090, "set_cap": "ok"})
    folder = train(epochs=40, power_cap_w=220.0)
    wait(folder, lambda run: run.state.step > 1)
    (supervisor,) = [pid for pid in processes(folder) if module(pid) == "garage_tui.core.scheduling.supervisor"]
    os.kill(supervisor, signal.SIGKILL)
    assert cap() == 220
    assert wait(folder, lambda run: not run.alive).status == "finished"
    assert cap() == 350


def test_without_permission_a_run_works_with_the_cap_as_it_is_and_says_so(make_box, train):
    make_box(RTX_3090)
    folder = train(epochs=2, power_cap_w=220.0)
    wait(folder, lambda run: not run.alive)
    assert any("sudo nvidia-smi -i 0 -pl 220" in event["text"] for event in events(folder, "power"))
    assert cap() == 350


def test_a_card_that_falls_off_the_bus_in_mid_run_is_told_and_the_run_says_nothing_false(make_box, train):
    box = make_box(RTX_3090)
    folder = train()
    wait(folder, lambda run: run.state.step > 1)
    box.set(0, lost=True)
    before = len(events(folder, "step"))
    wait(folder, lambda run: run.state.step > before + 20)  # this one does not need the card
    assert "temp_c" not in events(folder, "step")[-1]
    box.set(0, lost=None)
    wait(folder, lambda run: "temp_c" in events(folder, "step")[-1])


def test_out_of_its_hours_a_run_waits_without_a_process_of_torch_and_others_pass_it(train):
    window = later()
    folder = train(epochs=2, only=(window,))
    run = wait(folder, lambda run: run.state.waits == "hours")
    assert (run.status, run.reason) == ("queued", f"waiting for {window[:5]}")
    other = train(epochs=2)
    assert wait(other, lambda run: run.state.state == "finished").status == "finished"
    assert len(processes(folder)) == 1  # its supervisor
    assert read_run(folder).resumable
    run_control.resume(read_run(folder))  # the owner: now, all the same
    assert wait(folder, lambda run: not run.alive).status == "finished"


def test_a_run_that_waits_for_its_hours_can_be_stopped_and_paused(train):
    first, second = train(only=(later(),)), train(only=(later(),))
    for folder in (first, second):
        wait(folder, lambda run: run.state.waits == "hours")
    run_control.stop(read_run(first))
    assert wait(first, lambda run: not run.alive).status == "stopped"
    run_control.pause(read_run(second))
    assert wait(second, lambda run: not run.alive).status == "paused"


@pytest.fixture
def sun(workspace, tmp_path):
    """Sets the watts that the owner's command prints."""
    watts = tmp_path / "watts"
    file = user_settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[sun]\ncommand = {json.dumps(['cat', str(watts)])}\nevery_seconds = 1\n")

    def shine(number):
        watts.write_text(str(number))

    shine(500)
    return shine


def test_a_run_that_left_a_gpu_comes_back_to_the_same_one_and_is_guarded_there(make_box, train, sun):
    box = make_box(RTX_3090, {**RTX_3090, "temp": 55})
    folder = train(gpus=(1,), sunny=True)
    wait(folder, lambda run: run.state.step > 2)
    sun(-100)
    run = wait(folder, lambda run: run.held and len(processes(folder)) == 1)
    assert run.state.gpus == () and run.state.wh is not None
    assert events(folder, "left")[0]["waits"] == "sun"
    sun(900)
    run = wait(folder, lambda again: again.state.state == "running" and again.state.step > run.state.step)
    assert run.state.gpus == ("1",)
    box.set(1, temp=95)
    assert wait(folder, lambda run: run.status == "paused").state.waits == "heat"


@pytest.mark.parametrize(("how", "status"), [("stop", "stopped"), ("release", "paused"), ("shutdown", "interrupted")])
def test_what_is_asked_of_a_run_that_is_just_leaving_is_done_and_is_no_failure(train, sun, how, status):
    folder = train(leaving=0.9, sunny=True)
    wait(folder, lambda run: run.state.step > 2)
    sun(-100)
    run = wait(folder, lambda run: run.state.state == "queued" and len(processes(folder)) == 2)
    if how == "shutdown":
        for pid in processes(folder):
            os.kill(pid, signal.SIGTERM)
    elif how == "stop":
        run_control.stop(run)
    else:
        run_control.pause(run, release=True)
    run = wait(folder, lambda run: not run.alive)
    assert (run.status, run.resumable) == (status, True), run.reason


def test_now_holds_on_when_the_run_is_paused_and_goes_on(train):
    folder = train(only=(later(),))
    run_control.resume(wait(folder, lambda run: run.held))
    wait(folder, lambda run: run.state.step > 2)
    run_control.pause(read_run(folder))
    run = wait(folder, lambda run: run.status == "paused")
    assert run.alive
    run_control.resume(run)
    wait(folder, lambda again: again.status == "running" and again.state.step > run.state.step)


def test_a_limit_that_nothing_here_can_hold_is_said(train):
    folder = train(epochs=2, max_temp_c=60.0)
    wait(folder, lambda run: not run.alive)
    (warning,) = events(folder, "warning")
    assert "the limit of 60 °C has no effect" in warning["text"]


def test_the_guard_does_not_trust_an_old_number(make_box, train):
    box = make_box(RTX_3090)
    folder = train()
    wait(folder, lambda run: run.state.step > 2)
    box.top(driver="unknown")
    wait(folder, lambda run: "temp_c" not in events(folder, "step")[-1])
    box.top(driver="ok")
    box.set(0, temp=95)
    assert wait(folder, lambda run: run.status == "paused").state.waits == "heat"
