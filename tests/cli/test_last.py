"""`last` in commands that need what a run has made: a run in the queue does not hide the one that has finished."""

from __future__ import annotations

import pytest

from garage_tui.__main__ import main
from garage_tui.core.exam.report import write_report
from garage_tui.core.runs.record import RunState, write_state
from tests.support.run_folders import served_run

DONE, WAITING = "20261129-0900-lora-a", "20261129-1000-lora-b"


@pytest.fixture
def say(workspace, capsys):
    def run(*words):
        code = main(["--workspace", str(workspace.root), *words])
        out, err = capsys.readouterr()
        return code, out + err

    return run


@pytest.fixture
def runs(workspace):
    done = served_run(workspace, DONE)
    waiting = served_run(workspace, WAITING, state="stopped", adapter=False)
    write_state(waiting.path, RunState(state="stopped", created=2.0))
    return done, waiting


def test_the_report_is_that_of_the_newest_run_that_has_one(say, runs, make_card):
    write_report(runs[0].path, make_card())
    code, text = say("report", "last")
    assert code == 0, text
    assert "24" in text and f"last is {DONE}, because {WAITING} (stopped) cannot be used for this" in text


def test_the_newest_run_with_an_adapter_is_put_in_service(say, runs):
    assert f"{DONE} is in service" in say("promote", "last")[1]


@pytest.mark.parametrize("command", [("report",), ("promote",), ("export",), ("hand-over", "--to", "./here")])
def test_where_no_run_can_be_used_the_command_says_why_the_newest_cannot(say, workspace, command):
    served_run(workspace, WAITING, state="stopped", adapter=False)
    code, text = say(command[0], "last", *command[1:])
    assert code == 2
    assert WAITING in text and "adapter" in text


def test_the_newest_run_that_draws_is_asked_for_pictures(say, workspace, runs, tmp_path):
    served_run(workspace, "20261128-0900-diffusion-c", kind="diffusion", adapter=False)
    code, text = say("sample", "last", "--out", str(tmp_path / "x.png"))
    assert code == 2
    assert "has learned facts, so it cannot draw" in text, "no run can draw: the newest says why"
    (workspace.checkpoints / "20261128-0900-diffusion-c" / "checkpoint-5").mkdir()
    code, text = say("sample", "last", "--out", str(tmp_path / "no-folder" / "x.png"))
    assert code == 2
    assert "cannot draw" not in text


def test_a_command_that_steers_a_run_means_the_newest_of_all(say, runs):
    assert WAITING in say("delete", "last")[1]
    assert say("stop", "last")[1].startswith(f"garage: {WAITING} is not running")
