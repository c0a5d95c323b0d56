"""The phases that a job writes into its state."""

from __future__ import annotations

import json
import os
import signal

import pytest

from garage_tui.core.runs import checkpoints
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import RunState, read_state, write_state
from garage_tui.jobs.runtime.checkpointing import find_resume_point
from garage_tui.jobs.runtime.progress import Progress, StopRequestedError


def job(workspace):
    folder = new_run_folder(workspace, "lora", "phases")
    write_state(folder, RunState(state="running"))
    return folder, Progress(folder)


def test_a_wait_keeps_the_time_at_which_it_began_while_its_count_grows(workspace):
    folder, progress = job(workspace)
    progress.say("downloading", 0, 145, "MB")
    began = read_state(folder).phase_started
    assert began is not None
    progress.say("downloading", 60, 145, "MB")
    progress.write_state("running")
    state = read_state(folder)
    assert state.phase_started == began
    assert state.now.counted == "downloading: 60 of 145 MB"


def test_the_next_phase_has_no_count_of_the_one_before(workspace):
    folder, progress = job(workspace)
    progress.say("downloading", 60, 145, "MB")
    progress.start_phase("loading the base model")
    state = read_state(folder)
    assert (state.now.counted, state.now.share) == ("loading the base model", None)
    progress.end("finished")
    assert read_state(folder).now.counted == ""


def test_the_phase_after_an_early_end_has_no_time_left_of_the_steps_that_are_not_done(workspace):
    folder, progress = job(workspace)
    progress.write_state("running", step=12, total_steps=30, seconds_left=1.0)
    assert read_state(folder).time_left == 1.0
    progress.start_phase("writing the report card")
    progress.say("asking the tuned model", 8, 159)
    assert read_state(folder).time_left is None


def test_a_state_of_an_earlier_version_is_read(workspace):
    folder, _ = job(workspace)
    (folder / "state.json").write_text(json.dumps({"state": "running", "phase": "training", "step": 3}))
    assert read_state(folder).now.describe() == "training"


def test_a_request_to_stop_ends_work_that_catches_every_exception_and_goes_on(workspace):
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    _, progress = job(workspace)
    try:
        with pytest.raises(StopRequestedError):
            try:  # as libraries do that ask a server
                os.kill(os.getpid(), signal.SIGTERM)
            except Exception:
                progress.say("the server does not answer")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(
    ("checkpoint", "step", "epoch", "loss"), [(0, 0, 0.0, None), (4, 4, 2.0, 1.5)], ids=["none", "an older one"]
)
def test_a_run_that_is_started_again_shows_the_step_from_which_it_goes_on(workspace, checkpoint, step, epoch, loss):
    folder = new_run_folder(workspace, "lora", "phases")
    write_state(folder, RunState(state="running", step=8, total_steps=20, epoch=4.0, loss=1.5, seconds_left=60.0))
    (folder / "events.jsonl").write_text('{"t": 1, "event": "step", "step": 8, "loss": 1.5}\n')
    if checkpoint:
        saved = folder / f"checkpoint-{checkpoint}"
        saved.mkdir()
        (saved / "weights").write_text("weights")
        checkpoints.seal(saved, checkpoint, 0)
    progress = Progress(folder)
    assert find_resume_point(folder, progress).step == checkpoint
    progress.start_phase("loading the base model")
    state = read_state(folder)
    assert (state.step, state.epoch, state.loss, state.seconds_left) == (step, epoch, loss, None)
    assert state.shows_phase is (step == 0)
