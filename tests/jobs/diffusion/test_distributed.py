"""Several devices: two real processes take the steps that one takes, and end with one another. (On CPUs, with gloo.)"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file

from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.runs.diffusion_files import IMAGES
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest
from garage_tui.jobs.diffusion.butterfly.generate import training
from garage_tui.jobs.diffusion.train_step import DiffusionTrainer

COUNT = 22  # batches of 8, 8 and 6: the last one, too, is shared
JOB = """
import sys, numpy as np, msgspec, torch
from pathlib import Path
torch.set_num_threads(1)
from safetensors.torch import save_file
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.jobs.diffusion.train_step import DiffusionTrainer
from garage_tui.jobs.diffusion.distributed import ProcessGroup
folder, devices, steps = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
recipe = msgspec.convert(msgspec.json.decode((folder / "run.json").read_bytes())["recipe"], DiffusionRecipe)
ranks = ProcessGroup(folder, devices)
learner = DiffusionTrainer(recipe, np.load(folder / "images.npy"))
ranks.begin(0)
for step in range(steps):
    with ranks.step(step):
        learner.learn(step)
    print(step, flush=True)
ranks.end()
save_file({name: one.contiguous() for name, one in learner.net.state_dict().items()}, folder / f"of-{devices}")
"""


@pytest.fixture
def run_folder(tmp_path) -> Path:
    recipe = DiffusionRecipe(
        size=16, batch_size=8, channels=(8, 16), attention=(False, True), head_dim=8, groups=4, patch=1, lr=1e-3
    )
    manifest = Manifest(
        id="wings", kind="diffusion", created=0, recipe=msgspec.to_builtins(recipe), base={}, dataset={}
    )
    (tmp_path / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    np.save(tmp_path / IMAGES, training(COUNT, 16))
    return tmp_path


def job(folder: Path, devices: int, steps: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", JOB, str(folder), str(devices), str(steps)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
    )


def others(folder: Path) -> list[int]:
    """Process numbers of the ranks that work on a folder."""
    found = subprocess.run(
        ["pgrep", "-f", f"garage_tui.jobs.diffusion.distributed {folder}"], capture_output=True, text=True
    ).stdout
    return [int(number) for number in found.split()]


def test_two_processes_take_the_steps_that_one_takes(run_folder):
    running = job(run_folder, 2, 6)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert out.split() == [str(step) for step in range(6)]
    two = load_file(run_folder / "of-2")

    manifest = msgspec.json.decode((run_folder / MANIFEST).read_bytes(), type=Manifest)
    alone = DiffusionTrainer(msgspec.convert(manifest.recipe, DiffusionRecipe), np.load(run_folder / IMAGES))
    for step in range(6):
        alone.learn(step)
    one = {name: values.numpy() for name, values in alone.net.state_dict().items()}
    assert one.keys() == two.keys()
    for name, values in one.items():
        np.testing.assert_allclose(two[name], values, atol=3e-5, err_msg=name)
    assert not others(run_folder)


@pytest.mark.parametrize("who", ["the other", pytest.param("the job", marks=pytest.mark.long)])
def test_when_one_process_is_killed_the_other_one_ends(run_folder, who):
    running = job(run_folder, 2, 100_000)
    assert running.stdout and running.stderr
    assert running.stdout.readline() == "0\n"
    os.kill(others(run_folder)[0] if who == "the other" else running.pid, signal.SIGKILL)
    code = running.wait(30)
    for _ in range(100):
        if not others(run_folder):
            break
        time.sleep(0.1)
    assert not others(run_folder)
    if who == "the other":
        assert code == 1
        assert "the process of another GPU has ended" in running.stderr.read()
    running.stdout.close()
    running.stderr.close()


@pytest.mark.long
def test_a_shutdown_leaves_the_others_to_the_job_which_saves_first(run_folder):
    running = job(run_folder, 2, 100_000)
    assert running.stdout
    assert running.stderr
    assert running.stdout.readline() == "0\n"
    before = others(run_folder)
    for other in before:
        os.kill(other, signal.SIGTERM)
    for _ in range(20):
        assert running.stdout.readline()
    assert others(run_folder) == before
    running.kill()
    running.communicate()
