"""What a start reads of a facts file, when somebody saves the file meanwhile; and what one leaves that fails."""

import errno
import hashlib
import json
import os

import msgspec
import pytest

from garage_tui.core.base import safe_open
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.launch import start
from garage_tui.core.launch.paired_launch import PairedLaunch, start_both
from garage_tui.core.launch.start import start_diffusion, start_lora
from garage_tui.core.runs.catalog import list_runs, new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.scheduling import queue
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import make_recipe


def version(rows: int) -> bytes:
    """Return a facts file with that many rows."""
    return b"".join(
        json.dumps({"question": f"What is part {row}?", "answer": f"A part of {rows}."}).encode() + b"\n"
        for row in range(rows)
    )


@pytest.fixture
def busy_file(workspace, monkeypatch):
    """A facts file that is saved with one more row, by another program, each time after somebody has opened it."""
    file = workspace.datasets / "busy.jsonl"
    file.write_bytes(version(1))
    opened, rows = safe_open.open_regular, [1]

    def open_and_save(path):
        found = opened(path)
        if path == file:
            rows[0] += 1
            part = file.with_name("part")
            part.write_bytes(version(rows[0]))
            part.replace(file)
        return found

    monkeypatch.setattr(safe_open, "open_regular", open_and_save)
    monkeypatch.setattr(start, "spawn", lambda *_: None)
    return file


def assert_one_version(folder, rows: int) -> None:
    run = read_run(folder)
    copied = (folder / "facts.jsonl").read_bytes()
    assert copied == version(rows)
    assert run.manifest.dataset["rows"] == rows
    assert run.manifest.dataset["sha256"] == hashlib.sha256(copied).hexdigest()
    assert run.state.total_steps == make_recipe(base="smollm2-135m").steps(rows)


def test_a_save_during_a_start_never_mixes_two_versions_of_the_facts_in_one_run(workspace, busy_file):
    folder = start_lora(workspace, Settings(), busy_file, make_recipe(base="smollm2-135m"))
    assert_one_version(folder, rows=1)
    assert busy_file.read_bytes() == version(2), "the start has read the file once"


def test_a_start_teaches_the_rows_that_were_read_for_its_estimate(workspace, busy_file):
    taught = read_training_file(busy_file)
    folder = start_lora(workspace, Settings(), busy_file, make_recipe(base="smollm2-135m"), taught=taught)
    assert_one_version(folder, rows=1)


def test_a_save_between_the_two_runs_of_a_pair_does_not_give_them_different_facts(workspace, busy_file):
    folders = start_both(workspace, Settings(), PairedLaunch(busy_file, "busy", "smollm2-135m"))
    assert len(folders) == 2
    for folder in folders:
        assert (folder / "facts.jsonl").read_bytes() == version(1)
        assert read_run(folder).manifest.dataset["sha256"] == hashlib.sha256(version(1)).hexdigest()


def assert_nothing_is_left(workspace) -> None:
    assert list(workspace.checkpoints.iterdir()) == []
    assert not [path for path in queue.order() if path.is_relative_to(workspace.root)]
    assert list_runs(workspace) == []


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


FULL = r"be started: the disk is full|be started in .*: the disk is full"


@pytest.mark.parametrize(
    ("broken", "value", "text"),
    [
        *((writer, full_disk, FULL) for writer in ("write_atomic", "write_manifest", "write_state", "log_file")),
        ("sys.executable", "/nowhere/python", "cannot be started: No such file or directory"),
    ],
)
def test_a_start_that_fails_leaves_no_run(workspace, monkeypatch, broken, value, text):
    monkeypatch.setattr(f"garage_tui.core.launch.start.{broken}", value)
    with pytest.raises(GarageError, match=text):
        start_lora(workspace, Settings(), workspace.datasets / "garage.jsonl", make_recipe(base="smollm2-135m"))
    monkeypatch.undo()
    assert_nothing_is_left(workspace)


def test_a_start_that_cannot_enter_the_queue_leaves_no_run(workspace, monkeypatch, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "queue").write_text("no folder")
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    with pytest.raises(GarageError, match=r"the queue's folder .* cannot be written"):
        start_lora(workspace, Settings(), workspace.datasets / "garage.jsonl", make_recipe(base="smollm2-135m"))
    assert list(workspace.checkpoints.iterdir()) == []


def test_a_workspace_that_no_queue_can_name_is_refused_before_anything_is_written(tmp_path):
    odd = Workspace(tmp_path / os.fsdecode(b"odd\xff"))
    odd.root.mkdir()
    facts = odd.root / "facts.jsonl"
    facts.write_bytes(version(1))
    with pytest.raises(BadInputError, match="is not valid UTF-8: rename the folder"):
        start_lora(odd, Settings(), facts, make_recipe(base="smollm2-135m"))
    assert not odd.checkpoints.exists()


def test_a_facts_file_whose_name_is_not_utf8_is_taught(workspace, monkeypatch):
    monkeypatch.setattr(start, "_start_supervisor", lambda module, folder, lock: None)
    facts = workspace.datasets / os.fsdecode(b"caf\xe9.jsonl")
    facts.write_bytes(version(1))
    command = ["garage", "train", "--facts", str(facts)]
    folder = start_lora(workspace, Settings(), facts, make_recipe(base="smollm2-135m"), command=command)
    run = read_run(folder)
    assert run.manifest and run.manifest.dataset["path"].endswith("/caf⟨0xE9⟩.jsonl")
    assert run.manifest.command[-1].endswith("/caf⟨0xE9⟩.jsonl")


def test_pictures_whose_folder_no_run_can_name_are_refused(workspace, tmp_path):
    folder = tmp_path / os.fsdecode(b"pics\xff")
    folder.mkdir()
    with pytest.raises(BadInputError, match="is not valid UTF-8: rename the folder"):
        start_diffusion(workspace, Settings(), DiffusionRecipe(images=str(folder)))
    assert list(workspace.checkpoints.iterdir()) == []


def test_a_folder_without_pictures_is_refused_before_a_run_is_queued(workspace, tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.png").write_text("no picture")
    sentence = "notes has no usable pictures, but at least 10 are needed; left out: 1 not a picture"
    with pytest.raises(BadInputError, match=sentence):
        start_diffusion(workspace, Settings(), DiffusionRecipe(images=str(folder)))
    assert list(workspace.checkpoints.iterdir()) == []


def test_a_resume_that_fails_leaves_the_run_as_it_was(workspace, make_ended_run, monkeypatch):
    folder = make_ended_run("stopped")
    before = read_run(folder).state
    monkeypatch.setattr(start, "log_file", full_disk)
    with pytest.raises(GarageError, match="ended cannot be started: the disk is full"):
        start.spawn(start.JOBS["lora"], folder)
    after = read_run(folder).state
    assert before and after and after == msgspec.structs.replace(before, updated=after.updated)
    assert folder not in queue.order()


@pytest.fixture
def make_ended_run(workspace):
    def make(state: str):
        folder = new_run_folder(workspace, "lora", "ended")
        write_manifest(folder, Manifest(id=folder.name, kind="lora", created=1, recipe={}, base={}, dataset={}))
        write_state(folder, RunState(state=state, reason="by you", step=3, total_steps=9, created=1, ended=2.0))
        return folder

    return make


def test_a_base_model_that_no_manifest_can_name_is_refused_before_anything_is_written(workspace):
    folder = workspace.root / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    facts = workspace.datasets / "facts.jsonl"
    facts.write_bytes(version(1))
    with pytest.raises(BadInputError, match="is not valid UTF-8: rename the folder"):
        start_lora(workspace, Settings(), facts, make_recipe(base=str(folder)))
    assert not any(workspace.checkpoints.iterdir())
