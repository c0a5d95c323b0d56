"""What an owner does to a run that exists: stop, pause, resume."""

from __future__ import annotations

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import Workspace
from garage_tui.core.launch.start import JOBS, queue_entry, spawn
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.record import Run
from garage_tui.core.runs.request import clear_request, requested_action, write_request
from garage_tui.core.scheduling import queue


def stop(run: Run) -> None:
    """Ask a run to save and stop; it does so within a step, and its state says when it is done.

    A run that waits for its turn is taken out of the queue.

    Raises:
        BadInputError: it is not running.
    """
    if not run.alive:
        raise BadInputError(f"{run.id} is not running ({run.status})")
    write_request(run.path, "stop")


def pause(run: Run, release: bool = False) -> None:
    """Ask a run to pause after the step it is in: it frees the processor and keeps its memory.

    Args:
        release: save a checkpoint and leave, so that the memory and the GPU are free too.

    Raises:
        BadInputError: it is not running, or on its way out.
    """
    if not run.alive:
        raise BadInputError(f"{run.id} is not running ({run.status})")
    if run.status == "stopping" or requested_action(run.path) == "release":
        raise BadInputError(f"{run.id} is {run.status} already")
    if run.status == "paused" and not release and requested_action(run.path) == "pause":
        raise BadInputError(f"{run.id} is paused already; to free its memory too: `garage pause {run.id} --release`")
    write_request(run.path, "release" if release else "pause")


def resume(run: Run) -> None:
    """Have a paused, stopped, failed or interrupted run go on: in memory, or from its newest whole checkpoint.

    A run that is started again waits for its turn like a new one. One that waits for its hours or for the sun waits for
    them no longer.

    Raises:
        BadInputError: it is running, has finished, or cannot be read.
        GarageError: it cannot be started.
    """
    if run.manifest is None or run.state is None:
        raise BadInputError(f"{run.id} cannot be read: {run.broken}")
    if run.status == "finished":
        kind = run.manifest.kind
        raise BadInputError(f"{run.id} has finished; to train again: `garage train {kind} --like {run.id}`")
    if not run.resumable:
        raise BadInputError(f"{run.id} cannot be resumed while it is {run.status}")
    if run.held:
        write_request(run.path, "", now=True)
        return
    if run.alive:
        if run.state.waits and requested_action(run.path) is None:
            raise BadInputError(f"{run.id} waits for its GPU to cool ({run.reason}) and goes on by itself")
        clear_request(run.path)
        return
    if run.manifest.kind not in JOBS:
        raise BadInputError(f"{run.id} is a {run.manifest.kind} run, which this version cannot train")
    if link := next((path.name for path in sorted(run.path.iterdir()) if path.is_symlink()), ""):
        raise BadInputError(
            f"{run.id} holds a link ({one_line(link, 80)}): a run writes into its own folder; remove it"
        )
    try:
        spawn(JOBS[run.manifest.kind], run.path, queue_entry(run.path, run.manifest.gpus_asked))
    except OSError as error:
        raise GarageError(f"{run.id} cannot be resumed: {error.strerror or error}") from error


def resume_all(workspace: Workspace) -> list[str]:
    """Resume every interrupted run, those that worked before those that waited; return their ids.

    Raises:
        GarageError: one cannot be resumed; the others were.
    """
    lost = [run for run in reversed(list_runs(workspace)) if run.status == "interrupted" and run.resumable]
    worked = [run for run in lost if run.state and run.state.state != "queued"]
    queue.put_first([run.path for run in worked])
    resumed, wrong = [], []
    for run in [*worked, *(run for run in lost if run not in worked)]:
        try:
            resume(run)
            resumed.append(run.id)
        except GarageError as error:
            wrong.append(str(error))
    if wrong:
        raise GarageError(f"{len(resumed)} resumed, {len(wrong)} not: " + "; ".join(wrong))
    return resumed
