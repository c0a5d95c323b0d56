"""Which keys of the Runs screen do something for which run; no app is needed to ask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from garage_tui.core.exam.headline import Headline
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.record import Manifest
from garage_tui.screens.runs.availability import is_available, why_not

MANIFEST = Manifest(id="x", kind="lora", created=0, recipe={}, base={}, dataset={})
RUNNING = RunSnapshot("x", Path("x"), True, "running", "", None, MANIFEST, False)
QUEUED = replace(RUNNING, status="queued", queue_position=0)
STOPPING, PAUSING = replace(RUNNING, status="stopping"), replace(RUNNING, status="pausing")
PAUSED = replace(RUNNING, status="paused", resumable=True)
HELD = replace(QUEUED, held=True, resumable=True)
FINISHED = replace(RUNNING, alive=False, status="finished", adapter=True)
FAILED = replace(RUNNING, alive=False, status="failed", resumable=True)
BROKEN = replace(RUNNING, alive=False, status="broken", manifest=None)


def available(action: str, run: RunSnapshot | None, interrupted: bool = False, exporting: str = "") -> bool:
    return is_available(action, run, interrupted=interrupted, exporting=exporting)


@pytest.mark.parametrize(
    ("action", "runs"),
    [
        ("stop", [RUNNING, QUEUED, PAUSING, PAUSED, HELD]),
        ("pause", [RUNNING, QUEUED, HELD]),
        ("resume", [PAUSED, FAILED]),
        ("go_on", [HELD]),
        ("delete", [FINISHED, FAILED, BROKEN]),
        ("move", [QUEUED, HELD]),
        ("chat", [FINISHED]),
        ("report", [FINISHED]),
        ("export", [FINISHED]),
        ("duplicate", [RUNNING, QUEUED, STOPPING, PAUSING, PAUSED, HELD, FINISHED, FAILED]),
        ("view", []),
    ],
)
def test_an_action_is_available_for_exactly_these_runs(action, runs):
    every = [RUNNING, QUEUED, STOPPING, PAUSING, PAUSED, HELD, FINISHED, FAILED, BROKEN]
    assert [run for run in every if available(action, run)] == runs


def test_a_run_that_draws_shows_sheets_and_a_card_and_cannot_chat():
    manifest = Manifest(id="x", kind="diffusion", created=0, recipe={}, base={}, dataset={})
    draws = replace(RUNNING, manifest=manifest)
    assert available("view", draws) and available("report", draws)
    assert available("both", draws), "it says why such a run has no pair"
    assert not available("chat", draws)


def test_a_card_can_be_read_while_the_run_trains_again():
    assert not available("report", RUNNING)
    assert available("report", replace(RUNNING, card=Headline("learned 1 of 1", True)))


def test_a_run_that_is_exported_cannot_be_deleted():
    assert not available("delete", FINISHED, exporting="x")
    assert available("delete", FINISHED, exporting="another")


def test_without_a_run_only_new_runs_can_be_started():
    for action in ("stop", "pause", "resume", "delete", "chat", "report", "export", "duplicate", "compare", "log"):
        assert not available(action, None), action
    assert available("both", None), "it says which key starts a run"
    assert available("leave", None)


def test_all_interrupted_runs_are_resumed_only_where_there_are_any():
    assert available("resume_all", FINISHED, interrupted=True)
    assert not available("resume_all", FINISHED)


_LATER = "it has a model when it has finished, or when you stop it with s"
INTERRUPTED = replace(FAILED, status="interrupted")


@pytest.mark.parametrize(
    ("action", "run", "said"),
    [
        ("report", INTERRUPTED, "x is interrupted and has no model: p resumes it"),
        ("chat", replace(FAILED, resumable=False), "x is failed and has no model: y trains it again"),
        ("report", RUNNING, "x is running: it has a model when it has finished, or when you stop it with s"),
        ("export", replace(INTERRUPTED, adapter=True), "x is interrupted: p resumes it"),
        ("chat", replace(FAILED, adapter=True), "x is failed: p resumes it"),
        ("chat", replace(RUNNING, adapter=True), f"x is running: {_LATER}"),
        ("stop", FINISHED, "x is finished: only a run that works or waits can be stopped"),
        ("pause", FINISHED, "x has finished: y trains it again, with changes"),
        ("resume", BROKEN, "x cannot be resumed"),
        ("delete", RUNNING, "x is running: press s first"),
        ("move", FINISHED, "x is not in the queue"),
        ("resume_all", FINISHED, "No run was interrupted"),
        ("service_back", None, "Nothing was in service before"),
        ("duplicate", BROKEN, "x has no record that can be read: d deletes it"),
        ("report", None, "There is no run yet: press n to start one"),
    ],
)
def test_a_key_that_does_nothing_says_why_and_what_can_be_done(action, run, said):
    assert not available(action, run)
    assert why_not(action, run) == said


def test_every_action_that_is_not_available_has_a_reason():
    every = [RUNNING, QUEUED, STOPPING, PAUSING, PAUSED, HELD, FINISHED, FAILED, INTERRUPTED, BROKEN]
    names = (
        "stop pause resume go_on resume_all delete move chat report view export promote service_back duplicate compare"
    )
    silent = [
        (action, run.status)
        for action in names.split()
        for run in every
        if not available(action, run) and not why_not(action, run)
    ]
    assert silent == []
