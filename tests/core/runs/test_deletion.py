"""The deletion of a run, and what takes its lock only to see whether it lives."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.launch import start
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.deletion import delete
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.jobs.runtime.run_lock import take_lock


@pytest.fixture
def make(workspace):
    def one(name="facts"):
        folder = new_run_folder(workspace, "lora", name)
        write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
        write_state(folder, RunState(state="finished", ended=1.0))
        return folder

    return one


@pytest.fixture
def tested():
    """Returns a function that holds the lock of a run for some seconds, as whoever asks whether the run is alive."""
    threads = []

    def hold(folder, seconds):
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_SH)

        def let_go():
            time.sleep(seconds)
            os.close(lock)

        threads.append(threading.Thread(target=let_go))
        threads[-1].start()

    yield hold
    for thread in threads:
        thread.join()


def test_a_run_is_deleted_while_somebody_asks_whether_it_is_alive(make, tested):
    folder = make()
    run = read_run(folder)
    tested(folder, 0.1)
    delete(run)
    assert not folder.exists()


def test_a_run_is_started_while_somebody_asks_whether_it_is_alive(make, tested, monkeypatch, tmp_path):
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    started = []
    monkeypatch.setattr(start, "_start_supervisor", lambda *arguments: started.append(arguments))
    monkeypatch.setattr(start, "keep_awake_for", lambda folder: None)
    folder = make()
    tested(folder, 0.1)
    start.spawn("a_job", folder)
    assert len(started) == 1 and read_run(folder).state.state == "queued"


def test_a_job_by_hand_begins_while_somebody_asks_whether_it_is_alive(make, tested):
    folder = make()
    tested(folder, 0.1)
    os.close(take_lock(folder))


def test_a_run_that_works_is_neither_started_nor_deleted(make, tested):
    folder = make()
    run = read_run(folder)
    tested(folder, 2.5)
    with pytest.raises(BadInputError, match="is running already"):
        start.spawn("a_job", folder)
    with pytest.raises(BadInputError, match="is in use"):
        delete(run)
    assert folder.exists()


def test_what_a_deletion_that_was_killed_has_left_goes_with_the_next_one(make, monkeypatch):
    one, two = make("one"), make("two")
    real = shutil.rmtree

    def fail(path, *arguments, **options):
        raise OSError(116, "Stale file handle", str(path))

    monkeypatch.setattr(shutil, "rmtree", fail)
    with pytest.raises(GarageError, match="Stale file handle"):
        delete(read_run(one))
    monkeypatch.setattr(shutil, "rmtree", real)
    assert [path.name for path in one.parent.glob(".deleted-*")] == [f".deleted-{one.name}"]
    delete(read_run(two))
    assert list(one.parent.glob(".deleted-*")) == [] and not two.exists()
