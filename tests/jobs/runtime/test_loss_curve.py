"""The means of the loss, and what they cost a run of many steps."""

from __future__ import annotations

from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.record import RunState, read_state, write_state
from garage_tui.jobs.runtime import loss_curve
from garage_tui.jobs.runtime.loss_curve import LossCurve, means
from garage_tui.jobs.runtime.progress import Progress


def test_equal_stretches_have_a_mean_each():
    assert means([1.0, 2.0, 3.0], 24) == (1.0, 2.0, 3.0)
    assert means([float(one) for one in range(48)], 24) == tuple(2 * one + 0.5 for one in range(24))
    assert means([], 24) == ()


def test_the_means_are_worked_out_a_few_times_in_a_long_run_and_exactly_in_the_end(monkeypatch):
    worked_out = []
    monkeypatch.setattr(loss_curve, "means", lambda losses, most: worked_out.append(len(losses)) or means(losses, most))
    curve = LossCurve()
    for step in range(20_000):
        curve.add(float(step))
        curve.means(exact=False)
    assert len(worked_out) < 700
    assert curve.means(exact=True) == means([float(step) for step in range(20_000)], 24)


def test_a_step_whose_state_is_not_written_does_not_work_out_the_means(workspace, monkeypatch):
    folder = new_run_folder(workspace, "lora", "quick")
    write_state(folder, RunState(state="running"))
    progress = Progress(folder)
    progress.write_state("running")
    worked_out = []
    monkeypatch.setattr(loss_curve, "means", lambda losses, most: worked_out.append(len(losses)) or means(losses, most))
    monkeypatch.setattr("garage_tui.jobs.runtime.progress._STATE_EVERY", 60.0)
    for step in range(1, 101):
        progress.write_step(step, float(step))
    assert worked_out == []
    progress.end("finished")
    assert worked_out == [100] and read_state(folder).spark == means([float(step) for step in range(1, 101)], 24)


def test_a_resumed_run_without_its_events_keeps_the_curve_of_its_state(workspace):
    folder = new_run_folder(workspace, "lora", "moved")
    write_state(folder, RunState(state="running", spark=(2.0, 1.0)))
    Progress(folder).write_state("running")
    assert read_state(folder).spark == (2.0, 1.0)
