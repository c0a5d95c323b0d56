"""`garage gpu` as a user types it, on boxes with and without GPUs."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time

import pytest

from garage_tui.core.runs.folder import LOCK
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from tests.support.nvml.box import RTX_3090, T4


def garage(workspace, *args):
    command = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_says_everything_about_each_gpu_and_the_box(workspace, make_box):
    make_box({**RTX_3090, "temp": 88, "reasons": "0x24", "pids": {4_000_000: 5 << 30}}, T4)
    said = garage(workspace, "gpu")
    assert "GPU 0  NVIDIA GeForce RTX 3090" in said and "GPU 1  Tesla T4" in said
    assert "88 °C (slows at 95, off at 98) · 310 of 350 W · 9.0/24.0 GiB · 97 % busy · fan 58 %" in said
    assert "throttled by: power cap, heat (driver)" in said
    assert "5.0 GiB  a process of another user (pid 4000000)" in said
    assert "fan –" in said  # the T4 has none
    assert "memory" in said.splitlines()[-1] and "disk" in said.splitlines()[-1]


def test_json_has_null_where_a_card_says_nothing(workspace, make_box):
    make_box(T4)
    found = json.loads(garage(workspace, "gpu", "--json"))
    (card,) = found["gpus"]
    assert card["temp_c"] == 48 and card["fan"] is None and card["energy_j"] is None
    assert found["host"]["cores"] == os.cpu_count() and found["trouble"] == ""


@pytest.mark.parametrize("driver", ["unloaded", "mismatch"])
def test_a_driver_that_does_not_answer_is_no_traceback(workspace, make_box, driver):
    make_box(RTX_3090, driver=driver)
    for how in ([], ["--json"], ["--line"]):
        assert garage(workspace, "gpu", *how)


def test_a_box_without_a_gpu_has_something_to_say_too(workspace):
    assert garage(workspace, "gpu").startswith("Box ")
    assert "GiB" in garage(workspace, "gpu", "--line")


def test_the_line_for_a_status_bar_has_the_gauges_and_the_run(workspace, make_box):
    make_box(RTX_3090, T4)
    assert garage(workspace, "gpu", "--line") == "2 GPUs 62 °C 338/420 W 9.0/39.0 GiB\n"
    folder = workspace.checkpoints / "20261125-1200-lora-garage"
    folder.mkdir()
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
    now = time.time()
    state = RunState(state="running", step=34, total_steps=100, seconds_left=250.0, created=now, started=now)
    write_state(folder, state)
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = garage(workspace, "gpu", "--line")
        assert said.endswith("GiB · lora-garage 34/100 4 min 10 s left\n")
        write_state(
            folder,
            RunState(state="paused", waits="heat", reason="86 °C, waiting to cool to 75", step=34, total_steps=100),
        )
        said = garage(workspace, "gpu", "--line")
        assert said.endswith("lora-garage 34/100 paused: 86 °C, waiting to cool to 75\n") and said.count("\n") == 1


def test_doctor_says_where_runs_pause_and_what_the_driver_lacks(workspace, make_box):
    make_box(RTX_3090, {key: value for key, value in T4.items() if key != "slowdown"})
    done = subprocess.run(
        [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), "doctor"],
        capture_output=True,
        text=True,
    )
    assert "GPU 0: NVIDIA GeForce RTX 3090, 24 GiB, runs pause above 90 °C" in done.stdout
    assert "sudo nvidia-smi -pm 1" in done.stdout
    assert "GPU 1: Tesla T4, 15 GiB, but the GPU reports no limit" in done.stdout
    (workspace.root / "garage.toml").write_text('[hours]\nonly = ["at night"]\n')
    done = subprocess.run(
        [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), "doctor"],
        capture_output=True,
        text=True,
    )
    assert "'at night' is not a time window: write 22:00-06:00" in done.stdout
