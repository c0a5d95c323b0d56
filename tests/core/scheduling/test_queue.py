"""The queue of a box: real supervisors that wait for each other's locks."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.launch import run_control
from garage_tui.core.launch.start import JOBS, spawn
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.queue import QueueEntry
from garage_tui.core.scheduling.slots import assign
from garage_tui.core.settings.settings import Workspace

JOB = """
import os, sys, time
from garage_tui.jobs.runtime.progress import ENDINGS, Progress
progress = Progress.of_arguments(sys.argv[1:])
(progress.folder / "gpus").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "none"))
progress.interruptible = False
if progress.folder.name.endswith("crash"): os._exit(3)
progress.start_phase("working")
while not progress.requested() and not (progress.folder / "enough").exists(): time.sleep(0.05)
progress.end(*ENDINGS.get(progress.requested(), ("finished", "")))
"""


@pytest.fixture
def start(workspace, tmp_path, monkeypatch):
    """Starts runs on a box of our own; they work until they are told that it is enough."""
    (tmp_path / "waiting_job.py").write_text(JOB)
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    monkeypatch.setitem(JOBS, "lora", "waiting_job")
    started = []

    def go(name, *slots, place=workspace):
        folder = new_run_folder(place, "lora", name)
        write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
        write_state(folder, RunState(state="queued", created=time.time()))
        started.append(folder)
        spawn("waiting_job", folder, QueueEntry(str(folder), *slots) if slots else None)
        return folder

    yield go
    for folder in started:
        if folder.exists():
            kill(folder)


def kill(folder, only=""):
    """Kill −9 all processes of a run, or only those with this word in their command line."""
    for pid, words in processes(folder):
        if only in words or not only:
            os.kill(pid, signal.SIGKILL)


def processes(folder):
    """Return pid and command line of each process of a run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            arguments = path.read_text(errors="replace").split("\0")  # also of processes of others
            if str(folder) in arguments:
                found.append((int(path.parent.name), arguments))
    return found


def wait(folder, *statuses, seconds=30):
    deadline = time.monotonic() + seconds
    while (run := read_run(folder)).status not in statuses or (statuses[0] not in ("running", "queued") and run.alive):
        assert time.monotonic() < deadline, (folder.name, run.status, run.reason, (folder / "log.txt").read_text())
        time.sleep(0.05)
    return run


def enough(folder):
    (folder / "enough").touch()


def test_a_second_run_waits_its_turn_and_starts_by_itself(start):
    one, two, three = start("one"), start("two"), start("three")
    wait(one, "running")
    time.sleep(1.2)
    assert read_run(two).status == read_run(three).status == "queued"
    assert queue.order() == (two, three)
    enough(one)
    wait(two, "running")
    assert wait(one, "finished") and read_run(three).status == "queued"
    enough(two)
    wait(three, "running")
    assert queue.order() == ()


def test_the_queue_is_one_for_all_workspaces_of_the_box(start, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    one, two = start("one"), start("two", place=Workspace(other))
    wait(one, "running")
    assert queue.order() == (two,)


def test_a_failure_does_not_stop_the_next(start):
    one = start("one")
    crash, two = start("crash"), start("two")
    wait(one, "running")
    enough(one)
    assert "exit code 3" in wait(crash, "failed").reason
    wait(two, "running")


def test_the_order_can_be_changed_and_a_waiting_run_taken_out(start):
    one, two, three, four = (start(name) for name in ("one", "two", "three", "four"))
    wait(one, "running")
    assert queue.move(four, -2) == 0
    assert queue.order() == (four, two, three)
    assert queue.move(four, 99) == 2
    with pytest.raises(BadInputError, match="is not in the queue"):
        queue.move(one, -1)
    run_control.stop(read_run(two))
    assert wait(two, "stopped").reason == "taken out of the queue before it was started"
    assert queue.order() == (three, four)
    enough(one)
    wait(three, "running")


def test_a_waiting_run_that_is_paused_leaves_the_queue_until_it_is_resumed(start):
    one, two, three = start("one"), start("two"), start("three")
    wait(one, "running")
    run_control.pause(read_run(two))
    run = wait(two, "paused")
    assert queue.order() == (three,)
    run_control.resume(run)
    assert wait(two, "queued") and queue.order() == (three, two)


def test_a_killed_supervisor_does_not_free_the_slot_while_its_job_works(start):
    one, two = start("one"), start("two")
    wait(one, "running")
    deadline = time.monotonic() + 20
    while not (one / "gpus").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    kill(one, only="garage_tui.core.scheduling.supervisor")
    time.sleep(1.5)
    assert read_run(one).alive and read_run(two).status == "queued"
    enough(one)
    wait(two, "running")


def test_after_a_power_cut_everything_is_resumed_in_its_order(start, workspace):
    one, two, three = start("one"), start("two"), start("three")
    wait(one, "running")
    queue.move(three, -1)
    for folder in (two, three, one):  # the waiting ones first, or they would take the turn
        kill(folder)
    for folder in (one, two, three):
        wait(folder, "interrupted")
    assert "in the queue" in read_run(two).reason
    assert queue.order() == ()
    assert sorted(run_control.resume_all(workspace)) == sorted(folder.name for folder in (one, two, three))
    wait(one, "running")
    assert queue.order() == (three, two)


def test_what_worked_is_resumed_before_what_waited(start, workspace):
    both = ("0", "1")
    one, two, three = (start(name, both, 1) for name in ("one", "two", "three"))
    wait(one, "running")
    wait(two, "running")
    for folder in (three, one, two):
        kill(folder)
        wait(folder, "interrupted")
    assert run_control.resume_all(workspace) == [one.name, two.name, three.name]
    wait(one, "running")
    assert queue.order() == (two, three), "this machine has one processor"


def test_runs_share_several_gpus_and_each_is_told_which_it_has(start):
    both = ("0", "1")
    one, two, three = (start(name, both, 1) for name in ("one", "two", "three"))
    wait(one, "running")
    wait(two, "running")
    time.sleep(1.2)
    assert read_run(three).status == "queued"
    assert {read_run(run).state.gpus for run in (one, two)} == {("0",), ("1",)}
    enough(two)
    wait(three, "running")
    assert read_run(three).state.gpus == read_run(two).state.gpus
    deadline = time.monotonic() + 20
    while not (three / "gpus").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (three / "gpus").read_text() == read_run(three).state.gpus[0]


def test_a_run_that_asks_for_two_gpus_is_not_starved_by_those_behind_it(start):
    one = start("one", ("0", "1"), 1)
    wait(one, "running")
    big = start("big", ("0", "1"), 2)
    small = start("small", ("0", "1"), 1)
    time.sleep(1.5)
    assert read_run(big).status == read_run(small).status == "queued"
    enough(one)
    assert sorted(wait(big, "running").state.gpus) == ["0", "1"]
    assert read_run(small).status == "queued"


@pytest.mark.parametrize(
    ("waiting", "free", "got"),
    [
        ([("a", "0 1", 1), ("b", "0 1", 1)], "0 1", {"a": "0", "b": "1"}),
        ([("a", "0", 1), ("b", "0 1", 1)], "1", {"b": "1"}),
        ([("a", "0 1", 2), ("b", "0 1", 1)], "1", {}),
        ([("a", "0 1", 2), ("b", "2", 1)], "1 2", {"b": "2"}),
        ([("a", "cpu", 1), ("b", "cpu", 1)], "cpu", {"a": "cpu"}),
    ],
)
def test_slots_go_to_those_who_came_first(waiting, free, got):
    entries = [QueueEntry(name, tuple(any_of.split()), take) for name, any_of, take in waiting]
    assert assign(entries, free.split()) == {name: tuple(slots.split()) for name, slots in got.items()}


def test_a_damaged_queue_is_an_empty_one_and_whoever_waits_enters_again(start):
    one, two = start("one"), start("two")
    wait(one, "running")
    (queue.queue_folder() / queue.ORDER).write_text("{")
    enough(one)
    wait(two, "running")
