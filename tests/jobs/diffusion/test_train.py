"""Real diffusion runs of a tiny net on tiny pictures: cut off, resumed, stopped, and drawn with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.exam.diffusion_report import read_diffusion_report
from garage_tui.core.images import animation, contact_sheet
from garage_tui.core.launch import run_control, start
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.jobs.diffusion.butterfly.generate import training
from tests.support.run_folders import events, kill, wait

EPOCHS = 16
COUNT = 36


def recipe(pictures: Path, **changes: object) -> DiffusionRecipe:
    tiny = DiffusionRecipe(
        images=str(pictures),
        size=16,
        epochs=EPOCHS,
        batch_size=8,
        channels=(8, 16),
        attention=(False, True),
        head_dim=8,
        groups=4,
        patch=1,
        lr=1e-3,
        sample_steps=4,
        samples=4,
        warmup_steps=2,
    )
    return msgspec.structs.replace(tiny, **changes)


def ended(run: Run) -> bool:
    return not run.alive


def weights(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(folder / "pipeline" / "unet" / "diffusion_pytorch_model.safetensors")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A folder with 40 butterflies, and a file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    for number, picture in enumerate(training(40, 24)):
        Image.fromarray(picture).save(folder / f"{number:02}.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory, pictures) -> Path:
    """The folder of a run that nobody disturbed."""
    workspace = Workspace(tmp_path_factory.mktemp("box"))
    folder = start.start_diffusion(workspace, Settings(checkpoint_seconds=1e6), recipe(pictures), "wings")
    assert wait(folder, ended, 240).status == "finished", (folder / "log.txt").read_text()
    return folder


def test_a_run_leaves_a_sheet_for_each_look_all_from_the_same_noise(finished):
    told = events(finished, "sheet")
    assert [event["epoch"] for event in told] == [1, 4, 8, 15, 16]
    for event in told:
        images, sheet = contact_sheet.read(finished / event["path"])
        assert images.shape == (4, 16, 16, 3)
        assert (sheet.run, sheet.epoch, sheet.seed) == (finished.name, event["epoch"], 0)
        assert 0 < event["held_out"] < 3
    assert told[-1]["held_out"] < told[0]["held_out"]


def test_the_manifest_says_what_was_learned_from_and_what_was_left_out(finished):
    manifest = read_run(finished).manifest
    assert manifest is not None and manifest.kind == "diffusion"
    train, held_out = (np.load(finished / name) for name in ("images.npy", "held_out.npy"))
    assert manifest.dataset["rows"] == len(train) and manifest.dataset["held_out"] == len(held_out)
    assert len(train) + len(held_out) == 40
    assert any("broken.jpg" in words for words in manifest.dataset["left_out"])
    assert any("broken.jpg" in event["text"] for event in events(finished, "warning"))
    assert manifest.versions["diffusers"]


def test_the_model_card_of_its_pipeline_says_what_it_learned_from(finished):
    manifest = read_run(finished).manifest
    assert manifest is not None
    card, data = (finished / "pipeline" / "README.md").read_text(), manifest.dataset
    pictures = f"{data['rows']} of {data['label']}, and {data['held_out']} held out, SHA-256 {data['sha256']}"
    assert f"* Pictures: {pictures}\n" in card and f"# {finished.name}\n" in card


def test_the_card_says_how_alike_its_pictures_are_and_whether_they_are_copies(finished):
    card = read_diffusion_report(finished)
    assert card.kid > card.floor, "sixteen epochs of a tiny net draw no butterflies"
    assert not card.passed and card.verdict in read_run(finished).reason
    assert 0 <= card.copies <= card.samples and card.cpu_seconds
    assert card.nearest > 0 and card.nearest_held_out > 0


@pytest.mark.parametrize("how", ["killed", pytest.param("paused", marks=pytest.mark.long)])
def test_a_run_that_was_cut_off_draws_what_an_undisturbed_one_draws(how, finished, tmp_path, pictures):
    settings = Settings(checkpoint_seconds=0.2)
    folder = start.start_diffusion(Workspace(tmp_path), settings, recipe(pictures), "wings")
    wait(folder, lambda run: run.state.step >= 9 and any(folder.glob("checkpoint-*/whole.json")), 120)
    if how == "killed":
        kill(folder)
    else:
        run_control.pause(read_run(folder), release=True)
    run = wait(folder, ended, 60)
    assert run.status == ("interrupted" if how == "killed" else "paused"), run.reason
    run_control.resume(run)
    assert wait(folder, ended, 240).status == "finished", (folder / "log.txt").read_text()
    steps = [event["step"] for event in events(folder, "step")]
    assert steps == list(range(1, len(steps) + 1)), "no step is missing or told twice"
    for name, value in weights(finished).items():
        assert np.allclose(weights(folder)[name], value, atol=2e-3), name
    one, other = (
        contact_sheet.read(where / "samples" / "epoch-0016.png")[0].astype(int) for where in (finished, folder)
    )
    assert np.abs(one - other).mean() < 1


def test_a_stop_keeps_what_was_learned(tmp_path, pictures):
    settings = Settings(checkpoint_seconds=1e6)
    folder = start.start_diffusion(Workspace(tmp_path), settings, recipe(pictures, epochs=5000), "long")
    wait(folder, lambda run: run.state.step >= 5, 120)
    run_control.stop(read_run(folder))
    run = wait(folder, ended, 60)
    assert run.status == "stopped" and "the pipeline is saved" in run.reason
    assert weights(folder) and any(folder.glob("checkpoint-*/whole.json"))


def draw(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "garage_tui.jobs.diffusion.sample", str(folder), *words], capture_output=True, text=True
    )


def test_samples_are_drawn_on_demand_and_a_seed_gives_the_same_ones_whatever_their_count(finished, tmp_path):
    for count, file in (("3", "few.png"), ("5", "more.png")):
        done = draw(finished, "-n", count, "--seed", "7", "--out", str(tmp_path / file))
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines[-2] == {"done": 4, "of": 4} and lines[-1] == {"path": str(tmp_path / file)}
    few, sheet = contact_sheet.read(tmp_path / "few.png")
    more, _ = contact_sheet.read(tmp_path / "more.png")
    assert np.abs(few.astype(int) - more[:3]).max() <= 1
    assert sheet.seed == 7 and sheet.sampler == "DDPM, 4 steps" and sheet.source


@pytest.mark.parametrize("steps, frames", [pytest.param(6, 7, marks=pytest.mark.long), (60, 31)])
def test_a_film_begins_with_noise_ends_with_the_samples_and_is_never_long(finished, tmp_path, steps, frames):
    out = str(tmp_path / "film.png")
    done = draw(finished, "-n", "2", "--seed", "7", "--steps", str(steps), "--out", out, "--trajectory")
    assert done.returncode == 0, done.stderr
    film = animation.read(tmp_path / "film.png")
    assert len(film.frames) == frames
    assert film.sheet.kind == "steps" and film.sheet.seed == 7


def test_what_cannot_be_drawn_is_said_in_a_line(finished, tmp_path):
    folder = tmp_path / "20261126-0900-diffusion-none"
    folder.mkdir()
    done = draw(folder, "--out", str(tmp_path / "x.png"))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1] == f"{folder.name} cannot be read: run.json is missing"


def test_drawing_is_over_at_once_when_it_is_cancelled(finished, tmp_path):
    out = tmp_path / "x.png"
    job = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "garage_tui.jobs.diffusion.sample",
            str(finished),
            "--steps",
            "1000",
            "-n",
            "64",
            "--out",
            str(out),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert job.stdout and json.loads(job.stdout.readline())["of"] == 1000
    job.send_signal(signal.SIGTERM)
    assert job.wait(10) == -signal.SIGTERM and not out.exists()


def test_a_run_waits_for_no_process_that_a_launcher_left_in_the_shell(tmp_path, pictures, monkeypatch):
    left = {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29518"}
    for name, value in {**left, "SLURM_NTASKS": "2", "ACCELERATE_USE_FSDP": "true"}.items():
        monkeypatch.setenv(name, value)
    folder = start.start_diffusion(Workspace(tmp_path), Settings(), recipe(pictures, epochs=1))
    run = wait(folder, ended, 120)
    assert run.status == "finished", (run.reason, (folder / "log.txt").read_text())
