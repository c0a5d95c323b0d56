"""The run of a night: its recipe, how it is found again after a night was cut off, and the wait for its end."""

from __future__ import annotations

import time

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.launch import run_control
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.deletion import delete
from garage_tui.core.runs.folder import EVENTS, STATE
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.school.night_exam import Say
from garage_tui.core.school.night_log import Night
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import LoraRecipe, make_recipe

COMMAND = ["garage", "school"]
"""What the manifest of a night's run names as its command."""
NAME = "school"
"""Name of the runs of nights."""
_OF_A_JOB = (STATE, EVENTS, "adapter")
"""Files of a run that only exist once its processes do."""
_POLL_SECONDS = 1.0
_RESUMES = 3
"""How often one pass resumes a run that was interrupted."""


def find_orphan(workspace: Workspace, night: Night) -> Run | None:
    """Return a run that the night started and was cut off before it noted that."""
    command = [*COMMAND, night.id]
    for run in list_runs(workspace):
        if _is_begun_folder(run):
            delete(run)
        elif run.manifest and run.manifest.command == command and run.id not in night.runs.values():
            return run
    return None


def make_night_recipe(settings: Settings, attempt: int, rows: int) -> LoraRecipe:
    """Return the recipe of an attempt: after a refusal the careful one, with another seed."""
    preset = settings.school.preset if attempt == 1 else "careful"
    return make_recipe(preset, rows=rows, base=settings.base_model, seed=attempt - 1)


def wait_for_end(run: Run, say: Say) -> Run:
    """Wait until a run has ended, and resume it where it was interrupted.

    Raises:
        GarageError: it cannot be resumed.
    """
    resumes, shown = 0, ""
    while True:
        run = read_run(run.path)
        if run.broken:
            raise GarageError(f"{run.id} cannot be read: {one_line(run.broken, 300)}")
        status = f"{run.id} is {run.status}{f': {one_line(run.reason, 160)}' if run.reason else ''}"
        if status != shown:
            shown = status
            say(status)
        if run.status in ("finished", "stopped"):
            return run
        if run.status in ("interrupted", "failed"):
            if not run.resumable or resumes >= _RESUMES:
                return run
            resumes += 1
            run_control.resume(run)
        time.sleep(_POLL_SECONDS)


def _is_begun_folder(run: Run) -> bool:
    """Return whether a night was cut off while it wrote the folder of a run: no process has written into it yet."""
    ours = run.name.startswith(f"lora-{NAME}")  # with a number behind it, where two began in one minute
    if run.manifest is not None:
        ours = run.manifest.command[: len(COMMAND)] == COMMAND
    return ours and bool(run.broken) and not run.alive and not any((run.path / name).exists() for name in _OF_A_JOB)
