"""Real jobs at a place behind ssh with files of its own: a LoRA run that is cut off and goes on, a diffusion run."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from garage_tui.core.base.json_text import struct_json
from garage_tui.core.launch import run_control, start
from garage_tui.core.models.base_models import RECORD, FileHash, ModelRecord
from garage_tui.core.runs.place_record import read_place_record
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import load_settings
from garage_tui.core.training.recipe import make_recipe
from garage_tui.jobs.diffusion.butterfly.generate import training
from tests.core.places.conftest import wait
from tests.core.places.test_over_ssh import box as box
from tests.core.places.test_over_ssh import pytestmark as over_ssh
from tests.core.places.test_slurm import gone, works
from tests.jobs.diffusion.test_train import recipe as tiny_recipe

pytestmark = [*over_ssh, pytest.mark.long, pytest.mark.timeout(900)]
BASE = "tests/tiny"


@pytest.fixture
def real_jobs(runs, monkeypatch):
    """Has runs work with the jobs of the package; returns `runs`."""
    monkeypatch.setitem(start.JOBS, "lora", "garage_tui.jobs.lora")
    return runs


@pytest.fixture
def base(tiny_model, tmp_path, monkeypatch):
    """The name of a base model that both sides have as if it came from the Hub: a folder would not go there."""
    folder = tmp_path / "cache" / "models" / BASE.replace("/", "--")
    shutil.copytree(tiny_model, folder)
    files = {
        file.name: FileHash(file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())
        for file in folder.iterdir()
    }
    (folder / RECORD).write_bytes(struct_json(ModelRecord(name=BASE, source="a test", files=files)))
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))
    return BASE


def test_a_lora_run_is_cut_off_there_goes_on_and_its_adapter_comes_home(base, real_jobs, box, slurm):
    workspace, runs = real_jobs.workspace, real_jobs
    facts = workspace.datasets / "garage.jsonl"
    recipe = make_recipe("story", base=base, epochs=16.0, batch_size=4)
    settings = msgspec.structs.replace(load_settings(workspace), checkpoint_seconds=1.0)
    folder = start.start_lora(workspace, settings, facts, recipe, place="lab")
    wait(folder, works(2), 400)
    slurm.run("scancel", runs.job_id(folder))
    run = wait(folder, gone("interrupted"), 300)
    cut = run.state.step
    assert (folder / f"checkpoint-{cut}" / "whole.json").exists()
    run_control.resume(run)
    run = wait(folder, gone("finished"), 600)
    assert len(list(folder.glob("checkpoint-*"))) <= 2
    assert run.adapter and (run.adapter / "adapter_model.safetensors").exists()
    assert runs.steps(folder) == list(range(1, run.state.total_steps + 1)) and cut < run.state.total_steps
    assert "path" not in run.manifest.base or Path(run.manifest.base["path"]).is_dir()
    assert not Path(read_place_record(folder).folder).exists()


def test_a_diffusion_run_learns_there_from_pictures_of_this_box(real_jobs, box, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, picture in enumerate(training(30, 24)):
        Image.fromarray(picture).save(pictures / f"{number:02}.png")
    workspace = real_jobs.workspace
    recipe = tiny_recipe(pictures, epochs=2)
    folder = start.start_diffusion(workspace, load_settings(workspace), recipe, "wings", place="lab")
    run = wait(folder, gone("finished"), 600)
    assert (folder / "pipeline" / "model_index.json").exists() and list((folder / "samples").glob("*.png"))
    assert run.manifest.dataset["path"] == str(pictures)
    assert read_run(folder).reason
