"""`garage stop` waits for a run, and not for ever."""

from __future__ import annotations

import subprocess
import sys

import pytest

from garage_tui.__main__ import main
from garage_tui.cli.runs import run_control
from garage_tui.core.runs import exit_wait
from garage_tui.core.runs.folder import LOCK
from garage_tui.core.runs.request import requested_action
from tests.support.app_user import make_run as make_run

RUN = "20261129-0900-lora-a"


@pytest.mark.parametrize(("state", "text"), [("running", "saving and stopping …"), ("queued", "leaving the queue …")])
def test_a_run_whose_processes_do_not_answer_is_named_with_what_to_do(
    make_run, workspace, capsys, monkeypatch, state, text
):
    monkeypatch.setattr(run_control, "_BEYOND_GRACE", -59.7)
    run = make_run(RUN, state).hold()
    assert main(["--workspace", str(workspace.root), "stop", RUN]) == 1
    out, err = capsys.readouterr()
    assert out == f"{RUN}: {text}\n" and requested_action(run.path) == "stop"
    assert f"{RUN} is still stopping after" in err and f"`pkill -9 -f {run.path}` ends the run's own" in err


def test_a_run_that_does_not_pause_in_time_is_named_with_who_holds_its_lock(make_run, workspace, capsys, monkeypatch):
    monkeypatch.setattr(run_control, "_STEP_SECONDS", 0.3)
    make_run(RUN, "running").hold()
    assert main(["--workspace", str(workspace.root), "pause", RUN]) == 1
    err = capsys.readouterr().err
    assert f"{RUN} is still pausing after" in err and "its lock is held by" in err


def test_a_run_that_has_ended_is_not_deleted_while_a_process_holds_its_lock(
    make_run, workspace, capsys, monkeypatch, tmp_path
):
    monkeypatch.setattr(exit_wait, "_EXIT_SECONDS", 0.3)
    run = make_run(RUN, "finished", ended=2.0)
    code = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'a'); fcntl.flock(file, 2); print(flush=True); time.sleep(9)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(run.path / LOCK)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout and holder.stdout.readline()
        assert main(["--workspace", str(workspace.root), "delete", RUN, "--yes"]) == 1
        err = capsys.readouterr().err
        assert f"{RUN} has ended, but process {holder.pid} (" in err and "still holds its lock" in err
        assert run.path.exists()
    finally:
        holder.kill()
        holder.wait()
    assert main(["--workspace", str(workspace.root), "delete", RUN, "--yes"]) == 0 and not run.path.exists()
