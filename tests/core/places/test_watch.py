"""The watcher of a run at a place, with a place and a scheduler that say what the test wants."""

from __future__ import annotations

import time

import pytest

from garage_tui.core.places import watch
from garage_tui.core.places.batch_scheduler import JobStatus
from garage_tui.core.places.place import Place
from garage_tui.core.places.transfer import FolderGoneError
from garage_tui.core.runs.place_record import PlaceRecord, read_place_record
from garage_tui.core.runs.record import Manifest, RunState, read_state, write_state
from garage_tui.core.runs.request import write_request
from garage_tui.core.settings.types import PlaceSettings

MANIFEST = Manifest(
    id="r", kind="lora", created=1.0, recipe={}, base={}, dataset={}, place="lab", stop_grace_seconds=60.0
)
PLACE = Place("lab", PlaceSettings(kind="slurm", folder="x"))


class EnoughError(Exception):
    """The test has seen what it wants."""


@pytest.fixture
def folder(workspace):
    run = workspace.checkpoints / "20261201-0100-lora-x"
    run.mkdir(parents=True)
    write_state(run, RunState(state="queued", waits="place", reason="waiting at lab"))
    return run


def test_a_stop_while_the_job_is_submitted_reaches_the_copy_there_at_once(folder):
    sent = []

    class Copy:
        def send_request(self):
            sent.append("request")

        def fetch(self):
            raise EnoughError

    class Scheduler:
        def status(self, job):
            return JobStatus("works", "RUNNING")

    def start(pause):
        write_request(folder, "stop")  # while sbatch is under way
        return PlaceRecord(place="lab", name="r.1.1", folder="/x/r", job="7", submitted=time.time())

    watcher = watch.PlaceWatcher(folder, MANIFEST, PLACE, Scheduler(), Copy(), start, None)
    with pytest.raises(EnoughError):
        watcher.run()
    assert sent == ["request"]


class EmptyQueue:
    """A scheduler that knows no job any more."""

    def find(self, name):
        return ""

    def status(self, job):
        raise AssertionError(f"no job {job} was ever received")


def test_a_job_that_ended_while_nobody_knew_its_id_is_brought_home_and_not_submitted_again(folder, monkeypatch):
    monkeypatch.setattr(watch, "_SILENT_SECONDS", 0.0)
    there = RunState(state="finished", step=300, total_steps=300, started=2.0, ended=3.0, updated=3.0)
    done = []

    class Copy:
        def send_request(self):
            done.append("request")

        def fetch(self):
            return there

        def fetch_all(self):
            done.append("all")

        def take_state(self, state):
            write_state(folder, state)

        def remove(self):
            done.append("removed")

    def start(pause):
        raise AssertionError("submitted again")

    record = PlaceRecord(place="lab", name="r.abc.1", folder=f"/x/{folder.name}")
    watch.PlaceWatcher(folder, MANIFEST, PLACE, EmptyQueue(), Copy(), start, record).run()
    state, record = read_state(folder), read_place_record(folder)
    assert (state.state, state.step, record.over, done[-2:]) == ("finished", 300, True, ["all", "removed"])


@pytest.mark.parametrize("gone", [False, True])
def test_a_job_is_submitted_again_where_the_folder_there_says_that_none_has_begun(folder, gone):
    class Copy:
        def fetch(self):
            if gone:
                raise FolderGoneError("it is gone there")
            return read_state(folder)

    def start(pause):
        raise EnoughError

    record = PlaceRecord(place="lab", name="r.abc.1", folder=f"/x/{folder.name}")
    with pytest.raises(EnoughError):
        watch.PlaceWatcher(folder, MANIFEST, PLACE, EmptyQueue(), Copy(), start, record).run()
    assert read_place_record(folder).over
