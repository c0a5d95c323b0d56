"""The pictures of a run that works at another place are read on this box and put into its folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from garage_tui.core.base.errors import GarageError
from garage_tui.core.places.follow import read_pictures
from garage_tui.core.places.place import Place
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.settings.types import PlaceSettings
from garage_tui.jobs.diffusion.butterfly.generate import training
from tests.jobs.diffusion.test_train import recipe
from tests.support.run_folders import events

RUN = "20261130-1900-diffusion-wings"
LAB = Place("lab", PlaceSettings(ssh="lab", folder="/scratch"))


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(training(20, 24)):
        Image.fromarray(picture).save(folder / f"{number:02}.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    return folder


def run_of(root: Path, pictures: Path) -> Path:
    folder = root / "checkpoints" / RUN
    folder.mkdir(parents=True)
    made = msgspec.to_builtins(recipe(pictures))
    dataset = {"path": str(pictures)}
    write_manifest(folder, Manifest(id=RUN, kind="diffusion", created=1, recipe=made, base={}, dataset=dataset))
    write_state(folder, RunState(state="queued"))
    return folder


def test_pictures_of_a_folder_here_are_put_into_the_run_folder_once(tmp_path, pictures):
    folder = run_of(tmp_path, pictures)
    read_pictures(folder, read_run(folder).manifest, LAB)
    manifest = read_run(folder).manifest
    train, held_out = (np.load(folder / name) for name in ("images.npy", "held_out.npy"))
    assert len(train) + len(held_out) == 20 and train.shape[1:] == (16, 16, 3)
    assert manifest.dataset["rows"] == len(train) and manifest.dataset["sha256"]
    assert "broken.jpg" in events(folder, "warning")[0]["text"] and read_run(folder).status == "interrupted"
    for picture in pictures.iterdir():
        picture.unlink()
    read_pictures(folder, manifest, LAB)  # they are there already


def test_pictures_that_the_place_sees_or_makes_itself_are_not_read_here(tmp_path, pictures):
    folder = run_of(tmp_path, pictures)
    read_pictures(folder, read_run(folder).manifest, Place("lab", PlaceSettings()))
    manifest = msgspec.structs.replace(read_run(folder).manifest, dataset={"path": "procedural"})
    read_pictures(folder, manifest, LAB)
    assert not (folder / "images.npy").exists()


def test_a_folder_without_pictures_is_said_in_a_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    folder = run_of(tmp_path, tmp_path / "empty")
    with pytest.raises(GarageError, match=f"the pictures in {tmp_path / 'empty'} cannot be read: "):
        read_pictures(folder, read_run(folder).manifest, LAB)
    module = [sys.executable, "-m", "garage_tui.jobs.diffusion.prepare", str(folder)]
    done = subprocess.run(module, capture_output=True, text=True)
    assert done.returncode and "Traceback" not in done.stderr and done.stderr.count("\n") == 1
