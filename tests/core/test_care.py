"""Runs that rest by themselves, with a job that does nothing else: heat, closed hours, power caps, whatever the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from garage_tui.core import launcher
from garage_tui.core.care import care_of
from garage_tui.core.nvml import Nvml
from garage_tui.core.recipe import make_recipe
from garage_tui.core.runs import list_runs, read_run
from garage_tui.core.settings import Settings
from tests.nvml.box import RTX_3090

JOB = """
import time
import msgspec
from garage_tui.core.runs import MANIFEST, Manifest
from garage_tui.jobs.breaks import Breaks
from garage_tui.jobs.events import ENDINGS, Progress
from garage_tui.jobs.telemetry import Telemetry
import sys
progress = Progress.of_arguments(sys.argv[1:])
telemetry = Telemetry(progress, every=0.05, tell=0.2)
telemetry.start()
progress.gauges = telemetry.fields
manifest = msgspec.json.decode((progress.folder / MANIFEST).read_bytes(), type=Manifest)
breaks = Breaks(progress, telemetry, manifest.care)
progress.breathe = lambda: breaks.cool(progress.told_step)
progress.phase("working")
progress.interruptible = False
step, steps, hold = progress.told_step, manifest.recipe["epochs"], None
while step < steps and progress.wish() in ("", "pause") and not (hold := breaks.hold()):
    step += 1
    progress.step(step=step, loss=1 / step, total_steps=int(steps))
    breaks.cool(step)
    progress.wait_while_paused(step)
    time.sleep(0.05)
telemetry.stop()
if hold:
    progress.end_for_now(step, hold)
else:
    progress.end(*ENDINGS.get(progress.wish(), ("finished", "")))
"""
LONG = 9_000  # steps: more than a test waits for


@pytest.fixture
def train(workspace, tmp_path, monkeypatch):
    """Starts a run of so many steps through the real launcher and supervisor; it is killed when the test is over."""
    (tmp_path / "a_job.py").write_text(JOB)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setitem(launcher.JOBS, "lora", "a_job")
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))

    def go(epochs=LONG, **care):
        file = workspace.datasets / "garage.jsonl"
        return launcher.start_lora(
            workspace, Settings(), file, make_recipe("story", epochs=epochs), care=care_of(Settings(), **care)
        )

    yield go
    for run in list_runs(workspace):
        for pid in processes(run.path):
            os.kill(pid, signal.SIGKILL)


def processes(folder: Path) -> list[int]:
    """Return the pids of a run's processes: each has the folder's absolute path as an argument."""
    found = subprocess.run(["pgrep", "-f", f"{folder}( |$)"], capture_output=True, text=True).stdout
    return [int(pid) for pid in found.split()]


def module(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[3]


def wait(folder, until, seconds=30):
    deadline = time.monotonic() + seconds
    while not until(run := read_run(folder)):
        assert time.monotonic() < deadline, (run.status, run.reason, run.state, (folder / "log.txt").read_text())
        time.sleep(0.05)
    return run


def events(folder, kind):
    found = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [event for event in found if event["event"] == kind]


def cap():
    door = Nvml()
    try:
        return door.look().gpus[0].cap_w
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
    assert run.reason.startswith("97 °C, waiting for 80") and run.state.step == 0
    launcher.stop(run)
    assert wait(folder, lambda run: not run.alive).status == "stopped"


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


def test_without_permission_a_run_works_with_the_cap_as_it_is_and_says_so(make_box, train):
    make_box(RTX_3090)
    folder = train(epochs=2, power_cap_w=220.0)
    wait(folder, lambda run: not run.alive)
    assert any("sudo nvidia-smi -i 0 -pl 220" in event["text"] for event in events(folder, "warning"))
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
    launcher.resume(read_run(folder))  # the owner: now, all the same
    assert wait(folder, lambda run: not run.alive).status == "finished"


def test_a_run_that_waits_for_its_hours_can_be_stopped_and_paused(train):
    first, second = train(only=(later(),)), train(only=(later(),))
    for folder in (first, second):
        wait(folder, lambda run: run.state.waits == "hours")
    launcher.stop(read_run(first))
    assert wait(first, lambda run: not run.alive).status == "stopped"
    launcher.pause(read_run(second))
    assert wait(second, lambda run: not run.alive).status == "paused"
