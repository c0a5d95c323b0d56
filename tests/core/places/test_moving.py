"""A run that goes on elsewhere: from this box to a place and back, each step once."""

from __future__ import annotations

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.launch import run_control
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import load_settings
from tests.core.places.conftest import kill, wait
from tests.core.places.test_slurm import gone, works


@pytest.mark.long
def test_a_run_goes_on_at_a_place_and_at_home_again_each_step_once(slurm, runs):
    settings = load_settings(runs.workspace)
    folder = runs.start(at="")
    wait(folder, works(2))
    with pytest.raises(BadInputError, match="stop it before"):
        run_control.move_to(read_run(folder), settings, "lab")
    run_control.pause(read_run(folder), release=True)
    run = run_control.move_to(wait(folder, gone("paused")), settings, "lab")
    run_control.resume(run)
    run = wait(folder, works(run.state.step + 2))
    assert run.manifest.place == "lab" and slurm.run("squeue", "-h")
    kill(runs.watcher(folder))
    run = wait(folder, gone("interrupted"))
    with pytest.raises(BadInputError, match="may still work at lab"):
        run_control.move_to(run, settings, "here")
    run_control.resume(run)
    wait(folder, works(run.state.step + 1))
    run_control.pause(read_run(folder))
    run_control.resume(run_control.move_to(wait(folder, gone("paused")), settings, "here"))
    run = wait(folder, works(read_run(folder).state.step + 2))
    assert run.manifest.place == "" and not slurm.run("squeue", "-h")
    run_control.stop(run)
    wait(folder, gone("stopped"))
    assert runs.steps(folder) == list(range(1, len(runs.steps(folder)) + 1))
