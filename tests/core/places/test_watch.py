"""The watcher of a run at a place, with a place and a scheduler that say what the test wants."""

from __future__ import annotations

import time

import pytest

from garage_tui.core.places import watch
from garage_tui.core.places.batch_scheduler import JobStatus
from garage_tui.core.places.place import Place
from garage_tui.core.runs.place_record import PlaceRecord
from garage_tui.core.runs.record import Manifest, RunState, write_state
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
