"""What the app sees of a run in its last moment."""

import fcntl

from garage_tui.core.monitor.run_watcher import RunWatcher
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.folder import LOCK
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
