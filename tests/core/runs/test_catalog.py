"""Which run `last` means."""

from __future__ import annotations

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.runs.catalog import find_run
from garage_tui.core.runs.record import RunState, write_state
from tests.support.run_folders import served_run


def finished_and_queued(workspace):
    done = served_run(workspace, "20261129-0900-lora-a")
    waiting = served_run(workspace, "20261129-1000-lora-b", state="queued", adapter=False)
    write_state(waiting.path, RunState(state="queued", created=2.0))
    return done, waiting


def test_last_is_the_newest_run(workspace):
    finished_and_queued(workspace)
    assert find_run(workspace, "last").name == "lora-b"


def test_last_is_the_newest_run_that_is_usable(workspace):
    finished_and_queued(workspace)
    assert find_run(workspace, "last", lambda run: run.adapter is not None).name == "lora-a"


def test_without_a_usable_run_last_is_the_newest_which_the_command_then_explains(workspace):
    finished_and_queued(workspace)
    assert find_run(workspace, "last", lambda run: run.draws).name == "lora-b"
    with pytest.raises(BadInputError, match="no run 'first'"):
        find_run(workspace, "first", lambda run: True)


def test_a_run_that_is_named_is_taken_whether_it_is_usable_or_not(workspace):
    finished_and_queued(workspace)
    assert find_run(workspace, "lora-b", lambda run: run.adapter is not None).name == "lora-b"
