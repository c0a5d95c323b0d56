"""What the app sees of a run in its last moment."""

import fcntl

from garage_tui.core.monitor.run_watcher import RunWatcher
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
