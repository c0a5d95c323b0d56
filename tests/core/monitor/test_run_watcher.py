"""What the app sees of a run in its last moment."""

import fcntl
import os
import time

from garage_tui.core.monitor.run_watcher import _ALL_FILES_EVERY, RunWatcher
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.folder import LOCK
from garage_tui.core.runs.label import LABEL, Label, write_label
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state


def test_a_run_that_has_said_its_last_word_is_seen_to_leave(workspace):
    folder = new_run_folder(workspace, "lora", "demo")
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_state(folder, RunState(state="stopped", reason="by you"))
        watcher = RunWatcher(workspace)
        assert [run.alive for run in watcher.snapshots()] == [True], "its process is still on its way out"
    assert [run.alive for run in watcher.snapshots()] == [False]


def test_a_new_name_a_changed_one_and_a_damaged_one_are_seen(workspace):
    folder = new_run_folder(workspace, "lora", "demo")
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
    write_state(folder, RunState(state="finished"))
    watcher = RunWatcher(workspace)
    assert watcher.snapshots()[0].name == "lora-demo"
    for name in ("night", "day"):
        write_label(folder, Label(name=name, note="a note"))
        (run,) = watcher.snapshots()
        assert (run.name, run.label.note, run.label_error) == (name, "a note", "")
    (folder / LABEL).write_text("{")
    (run,) = watcher.snapshots()
    assert run.name == "lora-demo" and LABEL in run.label_error
    (folder / LABEL).unlink()
    assert watcher.snapshots()[0].label_error == ""


def test_of_a_run_that_has_ended_long_ago_a_replaced_file_is_seen_at_once_and_one_written_in_place_soon(workspace):
    folder = new_run_folder(workspace, "lora", "demo")
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
    write_state(folder, RunState(state="finished"))
    write_label(folder, Label(name="night"))
    os.utime(folder, (1e9, 1e9))
    watcher = RunWatcher(workspace)
    assert [watcher.snapshots()[0].name for _ in range(3)] == ["night"] * 3
    write_label(folder, Label(name="day"))
    assert watcher.snapshots()[0].name == "day"
    os.utime(folder, (1e9, 1e9))
    watcher.snapshots()
    (folder / LABEL).write_text('{"name": "noon"}')  # an editor that writes in place leaves the folder as it was
    os.utime(folder, (1e9, 1e9))
    assert "noon" in [watcher.snapshots()[0].name for _ in range(_ALL_FILES_EVERY)]


def test_a_run_whose_folder_has_just_changed_is_looked_at_again_though_the_clock_of_the_disk_is_coarse(workspace):
    folder = new_run_folder(workspace, "lora", "demo")
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
    write_state(folder, RunState(state="finished"))
    now = time.time()
    os.utime(folder, (now, now))
    watcher = RunWatcher(workspace)
    watcher.snapshots()
    write_label(folder, Label(name="day"))
    os.utime(folder, (now, now))
    assert watcher.snapshots()[0].name == "day"
