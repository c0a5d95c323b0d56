"""The copy of a run folder at a place, brought there and home by rsync on this box."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from garage_tui.core.places.place import Place
from garage_tui.core.places.shell import PlaceShell
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
