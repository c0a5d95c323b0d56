"""A real Slurm for this folder, and runs that work there with a job that only counts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

from garage_tui.core.launch import start
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.folder import LOG
from garage_tui.core.runs.place_record import OUTPUT, PLACE, read_place_record
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.settings.settings import load_settings, user_settings_file
from garage_tui.core.training.recipe import make_recipe
from tests.support import run_folders
from tests.support.slurm_box import MISSING, SlurmBox

COUNTING_JOB = """
import sys, time
from pathlib import Path
from garage_tui.core.runs.folder import ADAPTER
from garage_tui.core.runs.record import read_run
from garage_tui.jobs.runtime import run_job
from garage_tui.jobs.runtime.progress import ENDINGS
from garage_tui.core.training.recipe import LoraRecipe
def train(job):
    progress, steps = job.progress, int(job.recipe.epochs)
    progress.start_phase("counting")
    progress.interruptible = False
    step = progress.last_step
    while step < steps and progress.requested() in ("", "pause"):
        step += 1
        progress.write_step(step=step, loss=1 / step, total_steps=steps)
        job.interruptions.cool(step)
        progress.wait_while_paused(step)
        time.sleep(0.1)
    checkpoint = progress.folder / f"checkpoint-{step}"
    checkpoint.mkdir(exist_ok=True)
    (checkpoint / "weights").write_text(str(step))
    time.sleep(job.recipe.dropout)
    word, who = ENDINGS.get(progress.requested() if step < steps else "", ("finished", ""))
    if word in ("finished", "stopped"):
        (progress.folder / ADAPTER).mkdir(exist_ok=True)
        (progress.folder / ADAPTER / "adapter_config.json").write_text("{}")
    progress.end(word, f"{who} at step {step}" if who else "")
if __name__ == "__main__":
    sys.exit(run_job.run(train, LoraRecipe, "out of memory"))
"""
"""Takes a step each tenth of a second; `dropout` of the recipe is how many seconds it takes to save."""
LONG = 9_000
"""Steps: more than a test waits for."""


@pytest.fixture(scope="session")
def slurm_of_session():
    if MISSING or os.getuid() != 0:
        pytest.skip("needs Slurm and root in a throw-away box (Debian: apt install slurm-wlm munge rsync)")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    box = SlurmBox(folder, gpus=(2, 1))
    yield box
    box.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def slurm(slurm_of_session, monkeypatch):
    """A Slurm with two nodes, box1 with two make-believe GPUs and box2 with one; empty when the test is over."""
    for name, value in slurm_of_session.environment.items():
        monkeypatch.setenv(name, value)
    yield slurm_of_session
    slurm_of_session.empty()


class PlacedRuns:
    """Starts runs at the place `lab`, and looks at them."""

    def __init__(self, workspace) -> None:
        self.workspace = workspace

    def set_place(self, **settings: object) -> None:
        """Write the settings of the place `lab`."""
        file = user_settings_file()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(["[places.lab]\n", *(f"{key} = {json.dumps(one)}\n" for key, one in settings.items())]))

    def start(self, epochs: int = LONG, saving: float = 0.0, at: str = "lab", grace: float = 60.0) -> Path:
        """Start a run of so many steps, which takes so many seconds to save."""
        import msgspec

        settings = msgspec.structs.replace(load_settings(self.workspace), stop_grace_seconds=grace)
        recipe = make_recipe("story", base="smollm2-135m", epochs=epochs, dropout=saving)
        return start.start_lora(self.workspace, settings, self.workspace.datasets / "garage.jsonl", recipe, place=at)

    def watcher(self, folder: Path) -> int:
        """Return the process of a run's watcher."""
        return self._process(folder, "garage_tui.core.scheduling.supervisor")

    def supervisor_there(self, folder: Path) -> int:
        return self._process(folder, "garage_tui.core.scheduling.supervisor_at_place")

    def job(self, folder: Path) -> int:
        return self._process(folder, "counting_job", without="supervisor|supervisor_at_place")

    @staticmethod
    def _process(folder: Path, word: str, without: str = "") -> int:
        for pid in run_folders.processes(folder):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                if word in line and not {"garage_tui.core.scheduling." + one for one in without.split("|")} & set(line):
                    return pid
        raise AssertionError(f"no process {word} works on {folder}")

    @staticmethod
    def job_id(folder: Path) -> str:
        record = read_place_record(folder)
        return record.job if record else ""

    @staticmethod
    def steps(folder: Path) -> list[int]:
        """Return the steps in the events, in their order."""
        return [event["step"] for event in run_folders.events(folder, "step")]


@pytest.fixture
def runs(workspace, tmp_path, monkeypatch):
    """Starts runs at the place `lab`: this box's Slurm, with shared files. They are killed when the test is over."""
    (tmp_path / "counting_job.py").write_text(COUNTING_JOB)
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(tmp_path))
    monkeypatch.setitem(start.JOBS, "lora", "counting_job")
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    made = PlacedRuns(workspace)
    made.set_place(kind="slurm")
    yield made
    for run in list_runs(workspace):
        run_folders.kill(run.path)


def wait(folder: Path, until, seconds: float = 120) -> Run:
    """Return the run once `until` holds; fail with all that it says where that takes too long."""
    deadline = time.monotonic() + seconds
    while not until(run := read_run(folder)):
        if time.monotonic() > deadline:
            files = (folder / name for name in (LOG, OUTPUT, PLACE))
            left = "\n".join(file.read_text() for file in files if file.exists())
            raise AssertionError(f"{run.status} · {run.reason} · {run.state}\n{left}")
        time.sleep(0.05)
    return run


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
