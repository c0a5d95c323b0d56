"""Runs at a place with Slurm that shares its files with this box: a real Slurm, and a job that counts."""

from __future__ import annotations

import os
import time

import msgspec
import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.launch import run_control
from garage_tui.core.places.check import check_place
from garage_tui.core.runs.deletion import delete
from garage_tui.core.runs.place_record import OUTPUT, read_place_record, write_place_record
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import load_settings
from tests.core.places.conftest import kill, wait
from tests.support.run_folders import events


def works(steps: int):
    return lambda run: run.status == "running" and run.state.step >= steps


def gone(status: str):
    return lambda run: run.status == status and not run.alive


def test_a_run_works_there_is_followed_here_and_finishes(slurm, runs):
    folder = runs.start(epochs=5)
    assert read_run(folder).alive and read_run(folder).manifest.place == "lab"
    run = wait(folder, gone("finished"))
    assert run.adapter and runs.steps(folder) == [1, 2, 3, 4, 5]
    record = read_place_record(folder)
    assert record.over and f"{record.job} {record.name} COMPLETED" in slurm.jobs()
    assert [event["state"] for event in events(folder, "ended")] == ["finished"]
    assert events(folder, "place")[0]["host"] == os.uname().nodename and (folder / OUTPUT).exists()


def test_a_place_that_works_is_said_to_work_with_what_it_has(slurm, runs):
    found = check_place(load_settings(runs.workspace), "lab")
    texts = [finding.text for finding in found]
    assert "bad" not in {finding.level for finding in found}, texts
    assert texts[0].startswith("lab: Slurm answers: all* (1 node, gpu:") and "lab: the same garage_tui, " in texts[1]
    runs.set_place(kind="slurm", python="/nowhere/python")
    bad = check_place(load_settings(runs.workspace), "lab")[-1]
    assert bad.level == "bad" and bad.text.startswith("lab: garage_tui cannot be imported by /nowhere/python there")


def test_of_three_runs_one_waits_with_slurms_reason_and_is_taken_out_of_the_queue(slurm, runs):
    runs.set_place(kind="slurm", args=["--exclusive"])
    first, second = runs.start(), runs.start()
    for folder in (first, second):
        wait(folder, works(1))
    third = runs.start()
    run = wait(third, lambda run: run.reason.startswith("waiting at lab: PENDING (Resources)"))
    assert (run.status, run.state.waits, run.held) == ("queued", "place", False)
    run_control.stop(run)
    assert wait(third, gone("stopped")).reason == "taken out of the queue at lab"
    run_control.stop(read_run(first))
    assert "by you at step" in wait(first, gone("stopped")).reason
    run_control.pause(read_run(second))  # which saves and leaves: an allocation is not kept for nothing
    run = wait(second, gone("paused"))
    before = run.state.step
    assert (
        "by you at step" in run.reason and not slurm.run("squeue", "-h") and (second / f"checkpoint-{before}").exists()
    )
    run_control.resume(run)
    run = wait(second, works(before + 2))
    assert read_place_record(second).attempt == 2 and runs.steps(second) == list(range(1, len(runs.steps(second)) + 1))


def test_who_is_cancelled_by_slurm_saves_is_interrupted_and_goes_on(slurm, runs):
    folder = runs.start(saving=0.9)
    wait(folder, works(3))
    slurm.run("scancel", runs.job_id(folder))
    run = wait(folder, gone("interrupted"))
    step = run.state.step
    assert f"cut off by lab at step {step}" in run.reason and "CANCELLED" in run.reason and run.resumable
    assert (folder / f"checkpoint-{step}").exists() and not slurm.run("squeue", "-h")
    assert run_control.resume_all(runs.workspace) == [folder.name]
    wait(folder, works(step + 1))
    run_control.stop(read_run(folder))
    wait(folder, gone("stopped"))
    assert runs.steps(folder) == list(range(1, len(runs.steps(folder)) + 1))


@pytest.mark.long
def test_at_the_time_limit_a_run_saves_goes_back_into_slurms_queue_and_goes_on(slurm, runs):
    runs.set_place(kind="slurm", args=["--time=1", "--signal=B:TERM@20"])
    folder = runs.start()
    wait(folder, lambda run: run.state.reason.startswith("cut off by lab at step"))
    assert read_run(folder).status == "queued" and read_run(folder).alive
    step, job = read_run(folder).state.step, runs.job_id(folder)
    assert step >= 1
    assert f"cut off by lab at step {step}; it is saved and goes on there" in read_run(folder).reason
    deadline = time.monotonic() + 200
    while not works(step + 1)(run := read_run(folder)):  # Slurm holds a job of its queue back for two minutes
        assert time.monotonic() < deadline, (run.reason, slurm.logs())
        slurm.run("scontrol", "update", f"JobId={job}", "StartTime=now")
        time.sleep(2)
    assert runs.job_id(folder) == job and read_place_record(folder).attempt == 1
    run_control.stop(run)
    wait(folder, gone("stopped"))
    assert runs.steps(folder) == list(range(1, len(runs.steps(folder)) + 1))


def test_when_the_watcher_is_killed_the_job_goes_on_and_resume_finds_it_again(slurm, runs):
    folder = runs.start()
    wait(folder, works(2))
    job = runs.job_id(folder)
    kill(runs.watcher(folder))
    run = wait(folder, gone("interrupted"))
    assert f"nobody follows it any more, but its job at lab ({job}) may work" in run.reason and run.resumable
    with pytest.raises(BadInputError, match="may still work at lab"):
        delete(run)
    step = run.state.step
    run_control.resume(run)
    wait(folder, works(step + 2))
    assert runs.job_id(folder) == job and len(slurm.run("squeue", "-h").splitlines()) == 1
    run_control.stop(read_run(folder))
    run = wait(folder, gone("stopped"))
    assert runs.steps(folder) == list(range(1, len(runs.steps(folder)) + 1))
    delete(run)
    assert not folder.exists()


@pytest.mark.parametrize("submitted", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_submission_whose_answer_was_lost_is_found_by_its_name_or_made_again(slurm, runs, submitted):
    folder = runs.start(epochs=60)
    run = wait(folder, works(1))
    job = runs.job_id(folder)
    kill(runs.watcher(folder))
    if not submitted:
        slurm.run("scancel", "--full", "--signal=KILL", job)
        wait(folder, lambda _: not slurm.run("squeue", "-h"))
    record = read_place_record(folder)
    name = record.name if submitted else "never-submitted"
    write_place_record(folder, msgspec.structs.replace(record, job="", name=name))
    run_control.resume(wait(folder, gone("interrupted")))
    if not submitted:  # the folder says that a job has worked: what it left is settled first
        settled = wait(folder, gone("interrupted"))
        assert "(Slurm: not in the queue)" in settled.reason
        run_control.resume(settled)
    wait(folder, gone("finished"))
    assert runs.steps(folder) == list(range(1, 61)) and run.alive
    assert (runs.job_id(folder) == job) is submitted


@pytest.mark.long
def test_a_run_that_ended_while_nobody_followed_it_is_not_started_again(slurm, runs):
    folder = runs.start(epochs=30)
    wait(folder, works(2))
    kill(runs.watcher(folder))
    deadline = time.monotonic() + 60
    while read_run(folder).state.state != "finished":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert read_run(folder).status == "finished" and runs.steps(folder) == list(range(1, 31))
    with pytest.raises(BadInputError, match="has finished"):
        run_control.resume(read_run(folder))


@pytest.mark.long
def test_when_the_supervisor_there_is_killed_its_job_saves_and_the_run_is_interrupted(slurm, runs):
    folder = runs.start(saving=0.9)
    wait(folder, works(3))
    kill(runs.supervisor_there(folder))
    run = wait(folder, gone("interrupted"))
    assert run.reason.startswith("by the system (a shutdown, or SIGTERM) at step")
    assert (folder / f"checkpoint-{run.state.step}").exists()


def test_when_the_job_is_killed_the_run_failed_in_words(slurm, runs):
    folder = runs.start()
    wait(folder, works(2))
    kill(runs.job(folder))
    assert wait(folder, gone("failed")).reason == "killed by SIGKILL (by hand or by the system)"


@pytest.mark.long
def test_a_slurm_that_does_not_answer_changes_nothing_but_the_reason(slurm, runs):
    folder = runs.start()
    wait(folder, works(2))
    slurm.stop_controller()
    run = wait(folder, lambda run: "lab has not answered since" in run.reason)
    assert run.alive and run.status == "running" and "Unable to contact slurm controller" in run.reason
    step = run.state.step
    late = runs.start(epochs=3)  # one that is started meanwhile waits until it can be submitted
    wait(late, lambda run: "lab has not answered since" in run.reason or "lab does not answer" in run.reason)
    assert read_run(folder).state.step >= step
    slurm.start_controller()
    wait(folder, lambda run: works(step + 1)(run) and not run.reason)
    wait(late, gone("finished"), 90)
    assert len([row for row in slurm.jobs("%j") if row.startswith(late.name)]) == 1


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"args": ["--partition=nosuch"]}, "Slurm at lab refuses the job: invalid partition specified: nosuch"),
        ({"python": "/nowhere/python"}, "garage_tui cannot be imported by /nowhere/python at lab ("),
    ],
)
def test_a_place_that_cannot_run_it_says_why_and_nothing_is_started(slurm, runs, settings, reason):
    before = slurm.jobs()
    runs.set_place(kind="slurm", **settings)
    folder = runs.start()
    assert wait(folder, gone("failed")).reason.startswith(reason)
    assert slurm.jobs() == before


def test_another_version_there_is_refused_in_a_sentence(slurm, runs, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 0.0.7\n")
    python.chmod(0o755)
    runs.set_place(kind="slurm", python=str(python))
    folder = runs.start()
    reason = wait(folder, gone("failed")).reason
    assert (
        reason.startswith("lab has garage_tui 0.0.7, and this box has ") and "install the same version there" in reason
    )


def test_gpus_are_those_that_slurm_gave_and_only_the_hot_one_waits(slurm, runs, make_box):
    from tests.support.nvml.box import RTX_3090

    box = make_box(RTX_3090, RTX_3090)
    runs.set_place(kind="slurm", args=["--gres=gpu:1", "--nodelist=box1", "--oversubscribe"])
    first = runs.start()
    wait(first, works(2))
    assert read_run(first).state.gpus == ("0",)
    box.set(0, temp=94)
    run = wait(first, lambda run: run.status == "paused")
    assert "94 °C, waiting to cool" in run.reason and run.alive and slurm.run("squeue", "-h", "-o", "%T") == "RUNNING\n"
    box.set(0, temp=40)
    wait(first, works(run.state.step + 1))
