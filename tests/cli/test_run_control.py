"""`garage stop` waits for a run, and not for ever."""

from __future__ import annotations

import pytest

from garage_tui.__main__ import main
from garage_tui.cli import run_control
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
    assert f"{RUN} still runs after" in err and f"`pkill -9 -f {run.path}` ends them" in err
