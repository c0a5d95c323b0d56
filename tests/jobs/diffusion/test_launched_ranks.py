"""A diffusion run whose ranks torchrun started: one story in its events, one writer, the arithmetic of one process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.runs.request import write_request
from garage_tui.jobs.diffusion.launched_ranks import describe_to_torch
from garage_tui.jobs.runtime.launcher import launched_process
from tests.jobs.diffusion.test_train import recipe
from tests.support.run_folders import events

RUN = "20261130-1900-diffusion-wings"


def run_folder(root: Path, **changes: object) -> Path:
    folder = root / "checkpoints" / RUN
    folder.mkdir(parents=True)
    made = recipe(Path("procedural"), **changes)
    made = msgspec.structs.replace(made, images="procedural")
    data = msgspec.to_builtins(made)
    write_manifest(
        folder, Manifest(id=RUN, kind="diffusion", created=1, recipe=data, base={}, dataset={"path": "procedural"})
    )
    write_state(folder, RunState(state="queued"))
    return folder


@pytest.fixture
def torchrun(tmp_path):
    """Starts the job on a folder as two ranks of torchrun, whose output goes into a file."""
    started = []

    def start(folder: Path) -> subprocess.Popen[bytes]:
        module = [
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node=2",
            "-m",
            "garage_tui.jobs.diffusion",
        ]
        with (tmp_path / "out.txt").open("ab") as out:
            started.append(
                subprocess.Popen(
                    [sys.executable, *module, str(folder)],
                    stdout=out,
                    stderr=out,
                    env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
                )
            )
        return started[-1]

    yield start
    for launched in started:
        launched.terminate()
        launched.wait(60)


def steps(folder: Path) -> list[int]:
    return [event["step"] for event in events(folder, "step")] if (folder / "events.jsonl").exists() else []


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_ranks_of_torchrun_tell_one_story_and_a_stop_saves(tmp_path, torchrun):
    folder = run_folder(tmp_path, epochs=4000)

    def wait_for_steps(launched: subprocess.Popen[bytes], count: int) -> None:
        deadline = time.monotonic() + 300
        while len(steps(folder)) < count:
            assert launched.poll() is None and time.monotonic() < deadline, (tmp_path / "out.txt").read_text()
            time.sleep(0.2)

    launched = torchrun(folder)
    wait_for_steps(launched, 3)
    launched.terminate()
    launched.wait(100)
    run, before = read_run(folder), steps(folder)
    assert run.status == "interrupted" and (folder / f"checkpoint-{run.state.step}" / "whole.json").exists()
    again = torchrun(folder)
    wait_for_steps(again, len(before) + 3)
    write_request(folder, "stop")
    assert again.wait(100) == 0, (tmp_path / "out.txt").read_text()
    assert steps(folder) == list(range(1, len(steps(folder)) + 1)) and steps(folder)[: len(before)] == before
    assert [event["state"] for event in events(folder, "ended")] == ["interrupted", "stopped"]
    assert len({event["epoch"] for event in events(folder, "sheet")}) == len(events(folder, "sheet"))
    assert (folder / "pipeline" / "model_index.json").exists()


def test_torchs_variables_are_made_of_slurms(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    slurm = {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3", "SLURM_LOCALID": "1", "SLURM_JOB_ID": "12"}
    for name, value in slurm.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_ADDR", "box1")
    process = launched_process()
    assert process
    describe_to_torch(process)
    found = {name: os.environ.pop(name) for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_PORT")}
    assert found == {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "MASTER_PORT": "20012"}


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"OMPI_COMM_WORLD_SIZE": "2"}, "OMPI_COMM_WORLD_SIZE says 2 processes, but not which one this is"),
        ({"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1"}, "set MASTER_ADDR to the host of rank 0"),
    ],
)
def test_a_launcher_that_does_not_say_enough_is_refused_in_a_sentence(tmp_path, variables, text):
    folder = run_folder(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "garage_tui.jobs.diffusion", str(folder)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and text in done.stderr and done.stderr.count("\n") == 1
    assert not (folder / "events.jsonl").exists()
