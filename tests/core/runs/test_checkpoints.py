"""Checkpoints: complete ones, damaged ones, and those that a failing disk does not give out."""

from __future__ import annotations

import errno
import os

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.runs import checkpoints
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import RunState, write_state
from garage_tui.jobs.runtime.checkpointing import find_resume_point
from garage_tui.jobs.runtime.progress import Progress

WEIGHTS = "weights.safetensors"


@pytest.fixture
def run(workspace):
    folder = new_run_folder(workspace, "lora", "saved")
    write_state(folder, RunState(state="running", step=200))
    for step in (100, 200):
        saved = folder / f"checkpoint-{step}"
        saved.mkdir()
        (saved / WEIGHTS).write_bytes(b"x" * 1000)
        checkpoints.seal(saved, step, 0)
    return folder


def names(run):
    return [path.name for path in checkpoints.list_checkpoints(run)]


def fail_to_open(monkeypatch, name, code):
    real = checkpoints.open_regular

    def open_regular(path):
        if path.name == name:
            raise OSError(code, os.strerror(code), str(path))
        return real(path)

    monkeypatch.setattr(checkpoints, "open_regular", open_regular)


@pytest.mark.parametrize("code", [errno.ESTALE, errno.EIO, errno.EACCES])
def test_a_checkpoint_that_cannot_be_read_ends_the_run_with_a_sentence_and_is_kept(run, monkeypatch, code):
    fail_to_open(monkeypatch, WEIGHTS, code)
    with pytest.raises(GarageError) as failed:
        find_resume_point(run, Progress(run))
    assert str(failed.value).startswith(f"checkpoint-200 cannot be read ({os.strerror(code)}); it is kept: ")
    assert names(run) == ["checkpoint-200", "checkpoint-100"]


def test_a_seal_that_cannot_be_read_does_not_make_its_checkpoint_incomplete(run, monkeypatch):
    real = os.stat

    def stat(path, *arguments, **options):
        if str(path).endswith(checkpoints.SEAL):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", stat)
    assert checkpoints.remove_unsealed(run) == []
    assert names(run) == ["checkpoint-200", "checkpoint-100"]


def make_shorter(saved):
    (saved / WEIGHTS).write_bytes(b"x" * 999)


def change_a_byte(saved):
    (saved / WEIGHTS).write_bytes(b"y" + b"x" * 999)


def remove_the_weights(saved):
    (saved / WEIGHTS).unlink()


def remove_the_seal(saved):
    (saved / checkpoints.SEAL).unlink()


def tear_the_seal(saved):
    (saved / checkpoints.SEAL).write_bytes(b'{"step":')


@pytest.mark.parametrize(
    "damage",
    [make_shorter, change_a_byte, remove_the_weights, remove_the_seal, tear_the_seal],
    ids=lambda f: f.__name__,
)
def test_a_damaged_checkpoint_is_deleted_and_the_one_before_is_used(run, damage):
    damage(run / "checkpoint-200")
    assert find_resume_point(run, Progress(run)).step == 100
    assert names(run) == ["checkpoint-100"]
