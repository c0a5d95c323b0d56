"""The slots of a run whose entry in the queue was lost, or made before the driver was loaded."""

from __future__ import annotations

import fcntl
import os
import sys
import time

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, read_state, write_state
from garage_tui.core.scheduling import own_entry as module
from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.job_process import spawn_job
from garage_tui.core.scheduling.own_entry import own_entry
from garage_tui.core.scheduling.queue import QueueEntry
from tests.support.nvml.box import RTX_3090, T4


@pytest.fixture
def run(workspace, tmp_path, monkeypatch):
    """A run that waits in the queue of a box of its own."""
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    folder = new_run_folder(workspace, "lora", "waits")
    write_state(folder, RunState(state="queued", step=500))
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield folder
    os.close(lock)


def manifest(**fields):
    return Manifest(id="x", kind="lora", created=0, recipe={}, base={}, dataset={}, **fields)


def slots(entry):
    held = queue.take_slots(entry) or {}
    for lock in held.values():
        os.close(lock)
    return list(held)


def test_a_run_keeps_its_gpu_when_the_list_is_lost_while_it_waits(run):
    entry = QueueEntry(str(run), ("0",), 1)
    queue.enter([entry])
    (queue.queue_folder() / queue.ORDER).unlink()
    assert slots(entry) == ["0"]


def test_an_entry_that_is_lost_is_made_anew_from_the_gpus_that_were_asked_for(run):
    assert own_entry(run, manifest(gpus_asked=(1, 0))) == QueueEntry(str(run), ("1", "0"), 2)
    assert queue.find(run) == QueueEntry(str(run), ("1", "0"), 2)


def test_a_lost_entry_without_a_choice_is_for_any_gpu_of_the_box(run, make_box):
    make_box(RTX_3090, T4)
    assert own_entry(run, manifest()) == QueueEntry(str(run), ("0", "1"), 1)


def test_a_full_disk_does_not_send_a_run_to_the_processor(run, make_box, monkeypatch):
    make_box(RTX_3090)

    def full(entries):
        raise GarageError("the queue cannot be written: the disk is full")

    monkeypatch.setattr(queue, "enter", full)
    assert slots(own_entry(run, manifest())) == ["0"]


def test_a_run_that_entered_before_the_driver_was_loaded_waits_for_it(run, make_box, monkeypatch):
    queue.enter([QueueEntry(str(run))])
    seen = []

    def load_the_driver(seconds):
        seen.append(read_state(run).reason)
        make_box(RTX_3090)

    monkeypatch.setattr(module.time, "sleep", load_the_driver)
    assert own_entry(run, manifest(gpu=["RTX 3090"])) == QueueEntry(str(run), ("0",), 1)
    assert seen == ["waiting for the driver: no GPU answers yet"]
    assert (read_state(run).waits, read_state(run).reason) == ("", "")


def test_a_run_of_a_box_without_gpus_does_not_wait_for_any(run):
    began = time.monotonic()
    assert own_entry(run, manifest()) == QueueEntry(str(run))
    assert time.monotonic() - began < 0.5


def visible_to_job(run, tmp_path, monkeypatch):
    """Return CUDA_VISIBLE_DEVICES as a job on the processor's slot has it."""
    (tmp_path / "seeing_job.py").write_text(
        "import os, sys, pathlib\n"
        "seen = os.environ.get('CUDA_VISIBLE_DEVICES', 'unset')\n"
        "pathlib.Path(sys.argv[1], 'seen').write_text(seen)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.pathsep.join(sys.path)}")
    os.waitpid(spawn_job("seeing_job", run, [], ()), 0)
    return (run / "seen").read_text()


def test_a_job_on_the_processor_does_not_see_gpus_that_nobody_would_guard(run, make_box, tmp_path, monkeypatch):
    make_box(RTX_3090)
    assert visible_to_job(run, tmp_path, monkeypatch) == ""


@pytest.mark.parametrize("mask", ["MIG-5c1a", "GPU-unknown"])
def test_a_part_of_a_gpu_that_the_owner_chose_stays_visible(run, make_box, tmp_path, monkeypatch, mask):
    make_box(RTX_3090)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", mask)
    assert visible_to_job(run, tmp_path, monkeypatch) == mask


def test_a_box_without_a_readable_driver_does_not_lose_its_gpu(run, tmp_path, monkeypatch):
    assert visible_to_job(run, tmp_path, monkeypatch) == "unset"
