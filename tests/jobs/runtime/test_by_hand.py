"""A job that is started by hand: it takes the run's lock itself, and says in a sentence why it cannot work."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from garage_tui.core.base.child_environment import environment
from garage_tui.core.runs.folder import EVENTS, LOCK, is_alive
from garage_tui.core.runs.record import Manifest, RunState, read_state, write_manifest, write_state
from garage_tui.jobs.runtime.launcher import launched_process

RUN = "20261130-1800-lora-hand"


@pytest.fixture
def folder(workspace):
    """A queued LoRA run whose facts have not been copied yet: its job fails right after it has begun."""
    run = workspace.checkpoints / RUN
    run.mkdir()
    write_manifest(run, Manifest(id=RUN, kind="lora", created=1, recipe={}, base={}, dataset={}))
    write_state(run, RunState(state="queued"))
    return run


def start(folder, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "garage_tui.jobs.lora", str(folder)],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_job_by_hand_needs_no_lock_file(folder):
    job = start(folder)
    _, err = job.communicate(timeout=60)
    assert "Traceback" not in err and (folder / LOCK).exists()
    assert read_state(folder).state == "failed"  # it has no facts; the job itself said so
    assert "facts.jsonl" in read_state(folder).reason and job.returncode == 1


def test_a_second_job_in_the_same_folder_is_refused_and_the_first_is_left_alone(folder):
    holder = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, sys, time; file = open(sys.argv[1], 'w'); "
         "fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)", str(folder / LOCK)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout and holder.stdout.readline() and is_alive(folder)
        job = start(folder)
        _, err = job.communicate(timeout=60)
        assert (job.returncode, read_state(folder).state) == (2, "queued")
        assert err.startswith(f"{RUN} is running already: process {holder.pid} (python") and err.count("\n") == 1
    finally:
        holder.kill()
        holder.wait()


def test_a_folder_without_a_run_is_refused_in_a_sentence(tmp_path):
    job = start(tmp_path)
    _, err = job.communicate(timeout=60)
    assert job.returncode == 2 and err == f"{tmp_path} is no run folder: it has no state.json\n"


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"WORLD_SIZE": "2", "RANK": "1"}, "WORLD_SIZE says 2"),
        ({"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0"}, "SLURM_STEP_NUM_TASKS says 4"),
        ({"OMPI_COMM_WORLD_SIZE": "3"}, "OMPI_COMM_WORLD_SIZE says 3"),
    ],
)
def test_a_lora_run_as_one_of_several_processes_is_refused_before_anything_is_written(folder, variables, text):
    started = time.time()
    job = start(folder, **variables)
    _, err = job.communicate(timeout=60)
    assert job.returncode == 2 and "a LoRA run is one process" in err and text in err and err.count("\n") == 1
    assert read_state(folder).updated < started and not (folder / EVENTS).exists() and not (folder / LOCK).exists()


def test_a_launcher_that_started_one_process_is_none(monkeypatch):
    assert launched_process({"WORLD_SIZE": "1", "RANK": "0"}) is None
    assert launched_process({"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}) is None  # what sbatch alone sets
    assert launched_process({"WORLD_SIZE": "a"}) is None
    process = launched_process({"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1"})
    assert process and (process.count, process.rank, process.local_rank) == (4, 3, 1)


def test_what_a_shell_has_left_over_of_a_launcher_reaches_no_run(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "SLURM_PROCID", "SLURM_JOB_ID", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.setenv(name, "2")
    assert launched_process(environment(shares_cores=True)) is None
    assert not [name for name in environment() if name.startswith(("SLURM_", "OMPI_")) or name == "RANK"]
