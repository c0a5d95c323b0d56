"""The copy of a run folder at a place, brought there and home by rsync on this box."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.places.place import Place, PlaceUnreachableError, folder_there, is_folder_of
from garage_tui.core.places.shell import CommandResult, PlaceShell
from garage_tui.core.places.slurm import SlurmScheduler
from garage_tui.core.places.transfer import CopiedFolder
from garage_tui.core.runs.record import Manifest, RunState, read_state, write_manifest, write_state
from garage_tui.core.settings.types import PlaceSettings
from tests.support.disk_calls import record_disk_calls

pytestmark = pytest.mark.skipif(shutil.which("rsync") is None, reason="needs rsync (Debian: apt install rsync)")


@pytest.fixture
def run(workspace):
    """A run that works at a place, as it is at home before."""
    folder = workspace.checkpoints / "20261201-0100-lora-x"
    folder.mkdir(parents=True)
    write_manifest(
        folder, Manifest(id=folder.name, kind="lora", created=1.0, recipe={}, base={}, dataset={}, place="lab")
    )
    write_state(folder, RunState(state="queued", waits="place", reason="waiting at lab"))
    return folder


@pytest.fixture
def place(tmp_path):
    """A place on this box with a folder of its own."""
    return Place("lab", PlaceSettings(kind="slurm", folder=str(tmp_path / "there"), python=sys.executable))


def copied(run, place, there=""):
    return CopiedFolder(run, PlaceShell(place), place, str(there))


def test_what_is_brought_home_is_on_the_disk_before_the_copy_there_may_be_deleted(run, place, tmp_path, monkeypatch):
    there = tmp_path / "there" / run.name
    shutil.copytree(run, there)
    (there / "adapter").mkdir()
    (there / "adapter" / "adapter_model.safetensors").write_bytes(b"hours of work")
    transfer = copied(run, place, there)
    calls = record_disk_calls(monkeypatch)
    transfer.fetch_all()
    assert [call for call in calls if call[1] in ("adapter_model.safetensors", "adapter", run.name)] == [
        ("sync", "adapter_model.safetensors"),
        ("sync", "adapter"),
        ("sync", run.name),
    ]


def test_a_state_of_the_same_second_and_size_is_sent_all_the_same(run, place):
    transfer = copied(run, place)
    there = Path(transfer.prepare())
    write_state(run, RunState(state="queued", waits="place", reason="waiting at hpc"))
    second = int(time.time())
    for file in (run / "state.json", there / "state.json"):
        os.utime(file, (second, second))
    transfer.send_state()
    assert read_state(there).reason == "waiting at hpc"


def test_two_workspaces_do_not_share_a_folder_at_a_place(place):
    runs = [Path(f"/home/u/{name}/checkpoints/20261201-0100-lora-facts") for name in ("alpha", "beta")]
    there = [folder_there(place, run) for run in runs]
    assert len(set(there)) == 2
    assert all(is_folder_of(path, run) for path, run in zip(there, runs, strict=True))


def test_a_run_that_was_there_before_keeps_its_folder(run, place, tmp_path):
    old = tmp_path / "there" / run.name
    assert copied(run, place, old).prepare() == str(old)
    assert copied(run, place, copied(run, place).prepare()).prepare() == folder_there(place, run)
    assert not is_folder_of(f"/x/{run.name}.other", run) and not is_folder_of("/x/another", run)


def test_work_at_a_place_that_never_came_home_is_not_deleted_by_a_new_start(run, place, tmp_path):
    transfer = copied(run, place)
    there = Path(transfer.prepare())
    (there / "adapter").mkdir()
    (there / "adapter" / "adapter_model.safetensors").write_bytes(b"hours of work")
    write_state(there, RunState(state="finished", step=300, total_steps=300))
    with pytest.raises(GarageError, match=r"holds newer work of this run \(finished, step 300\): it is kept"):
        transfer.prepare()
    assert (there / "adapter" / "adapter_model.safetensors").read_bytes() == b"hours of work"
    shutil.copytree(there / "adapter", run / "adapter")
    write_state(run, RunState(state="paused", step=300, total_steps=300))
    transfer.prepare()


@pytest.mark.parametrize(("code", "out"), [(1, ""), (1, "7\n")])
def test_a_queue_that_cannot_be_read_says_nothing_about_a_job(place, monkeypatch, code, out):
    scheduler = SlurmScheduler(place, PlaceShell(place))
    monkeypatch.setattr(PlaceShell, "run", lambda *_, **__: CommandResult(code, out, "squeue: error: Invalid user\n"))
    with pytest.raises(PlaceUnreachableError, match="Invalid user"):
        scheduler.find("r.abc.1")
