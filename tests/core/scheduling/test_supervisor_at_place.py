"""The supervisor at a place: the GPUs that the scheduler gave, and one job in a folder at a time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from garage_tui import __version__
from garage_tui.core.places.batch_scheduler import GOES_ON
from garage_tui.core.runs import checkpoints
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.place_record import PLACE_LOCK
from garage_tui.core.runs.record import Manifest, RunState, read_state, write_manifest, write_state
from garage_tui.core.scheduling import supervisor_at_place
from garage_tui.core.scheduling.job_process import JobEnding
from garage_tui.core.scheduling.supervisor_at_place import visible_gpus
from tests.support.nvml.box import RTX_3090

RUN = "20261130-1800-lora-garage"


@pytest.mark.parametrize(
    ("variable", "gpus"),
    [
        ("1", ("1",)),
        ("1,0", ("1", "0")),
        ("", ()),
        ("NoDevFiles", ()),
        ("MIG-GPU-5c89/1/0", ()),
        (None, ("0", "1")),
    ],
)
def test_the_gpus_are_those_that_the_scheduler_gave(make_box, variable, gpus):
    make_box(RTX_3090, RTX_3090)
    assert visible_gpus(variable) == gpus


def test_gpus_are_found_by_their_uuid_too(make_box):
    from garage_tui.core.hardware.gpus import read

    make_box(RTX_3090, RTX_3090)
    second = read()[1].uuid
    assert second and visible_gpus(second) == ("1",)


def supervise(folder, version: str = __version__) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "garage_tui.core.scheduling.supervisor_at_place",
        str(folder),
        version,
        "no_such_job",
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def folder(workspace):
    run = workspace.checkpoints / RUN
    run.mkdir()
    write_manifest(run, Manifest(id=RUN, kind="lora", created=1, recipe={}, base={}, dataset={}, place="lab"))
    write_state(run, RunState(state="queued", waits="place", reason="waiting at lab"))
    return run


def test_another_version_there_fails_in_a_sentence_and_starts_nothing(folder):
    done = supervise(folder, "9.9")
    reason = f"the place has garage_tui {__version__}, and home has 9.9: install the same version"
    assert (done.returncode, done.stdout) == (1, f"{reason}\n")
    assert (read_state(folder).state, read_state(folder).reason) == ("failed", reason)


@pytest.mark.parametrize(("action", "state"), [("stop", "stopped"), ("release", "paused")])
def test_a_run_that_was_stopped_while_it_waited_does_not_begin(folder, action, state):
    (folder / "request.json").write_text(f'{{"want": "{action}", "at": 1, "now": false}}')
    assert supervise(folder).returncode == 0
    assert (read_state(folder).state, read_state(folder).reason) == (state, "by you, before it began")


def test_a_run_that_has_ended_is_not_begun_again(folder):
    write_state(folder, RunState(state="finished", ended=2.0))
    assert supervise(folder).returncode == 0 and read_state(folder).state == "finished"
    assert not (folder / EVENTS).exists()


def test_a_job_that_cannot_be_imported_fails_in_words(folder):
    done = supervise(folder)
    assert done.returncode == 1 and read_state(folder).state == "failed"
    assert "exit code 1; see the end of log.txt" in read_state(folder).reason
    assert (folder / PLACE_LOCK).exists()


@pytest.mark.parametrize(
    ("saved", "state", "exit_code"),
    [
        (95, "queued", GOES_ON),  # it went on from step 80, and saved at 95
        (None, "failed", 1),  # it saved nothing
    ],
)
def test_a_run_that_has_saved_something_new_goes_on_even_below_the_step_that_a_crash_had_shown(
    folder, monkeypatch, saved, state, exit_code
):
    def save(step):
        checkpoint = folder / f"checkpoint-{step}"
        checkpoint.mkdir()
        (checkpoint / "weights").write_text(str(step))
        checkpoints.seal(checkpoint, step, 0)

    def watch_job(run, job, grace):
        if saved:
            save(saved)
        supervisor_at_place.update_state(run, state="interrupted", step=95, ended=1.0, reason="saved")
        return JobEnding(0, "end")

    save(80)
    write_state(folder, RunState(state="running", step=100, total_steps=300))
    monkeypatch.setattr(supervisor_at_place, "_spawn", lambda *arguments: 1)
    monkeypatch.setattr(supervisor_at_place, "watch_job", watch_job)
    manifest = Manifest(id=RUN, kind="lora", created=1, recipe={}, base={}, dataset={}, place="lab")
    assert supervisor_at_place._work("no_such_job", folder, manifest, 0) == exit_code
    assert read_state(folder).state == state
