"""Control of existing runs: stop, pause, resume."""

from __future__ import annotations

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.launch.start import JOBS, queue_entry, spawn
from garage_tui.core.places.place import check_inputs_travel, check_options, find_place
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.exit_wait import wait_for_exit
from garage_tui.core.runs.place_record import works_elsewhere
from garage_tui.core.runs.record import Run, read_run, write_manifest
from garage_tui.core.runs.request import clear_request, requested_action, write_request
from garage_tui.core.scheduling import queue
from garage_tui.core.settings.settings import Settings, Workspace

HERE = "here"
"""Stands for this box where a place is named; no place can be called so."""


def stop(run: Run) -> None:
    """Request that a run saves and stops; it does so after its current step, and its state shows when it is done.

    A queued run is taken out of the queue.

    Raises:
        BadInputError: it is not running.
    """
    if not run.alive:
        raise BadInputError(f"{run.id} is not running ({run.status})")
    write_request(run.path, "stop")


def pause(run: Run, release: bool = False) -> None:
    """Request that a run pauses after its current step; it stays in memory.

    Args:
        release: save a checkpoint and exit, so that the memory and the GPU are freed too; at another place always.

    Raises:
        BadInputError: it is not running, or is stopping already.
    """
    if not run.alive:
        raise BadInputError(f"{run.id} is not running ({run.status})")
    if run.status == "stopping" or requested_action(run.path) == "release":
        raise BadInputError(f"{run.id} is {run.status} already")
    if run.status == "paused" and not release and requested_action(run.path) == "pause":
        raise BadInputError(f"{run.id} is paused already; `garage pause {run.id} --release` frees its memory too")
    at_place = run.manifest is not None and bool(run.manifest.place)  # there, nobody keeps an allocation that is idle
    write_request(run.path, "release" if release or at_place else "pause")


def resume(run: Run) -> None:
    """Resume a paused, stopped, failed or interrupted run: in memory, or from its newest complete checkpoint.

    A run that is started again is queued like a new one, once the processes of its last time have exited. A run that
    waits for its hours, the sun, a model server or memory no longer waits for them; the order of the queue counts.

    Raises:
        BadInputError: it is running, has finished, or cannot be read.
        GarageError: it cannot be started.
    """
    run = wait_for_exit(run)
    if run.manifest is None or run.state is None:
        raise BadInputError(f"{run.id} cannot be read: {run.broken}")
    if run.status == "finished":
        kind = run.manifest.kind
        raise BadInputError(f"{run.id} has finished; train it again with `garage train {kind} --like {run.id}`")
    if not run.resumable:
        raise BadInputError(f"{run.id} cannot be resumed while it is {run.status}")
    if run.held:
        write_request(run.path, "", now=True)
        return
    if run.alive:
        if run.state.waits and requested_action(run.path) is None:
            raise BadInputError(f"{run.id} waits for its GPU to cool ({run.reason}) and continues by itself")
        clear_request(run.path)
        return
    if run.manifest.kind not in JOBS:
        raise BadInputError(f"{run.id} is a {run.manifest.kind} run, which this version cannot train")
    if link := next((path.name for path in sorted(run.path.iterdir()) if path.is_symlink()), ""):
        raise BadInputError(
            f"{run.id} holds a symbolic link ({one_line(link, 80)}): remove it: a run writes only into its own folder"
        )
    try:
        slots = None if run.manifest.place else queue_entry(run.path, run.manifest.gpus_asked)
        spawn(JOBS[run.manifest.kind], run.path, slots)
    except OSError as error:
        raise GarageError(f"{run.id} cannot be resumed: {why_not_written(error, run.path)}") from error


def move_to(run: Run, settings: Settings, place: str) -> Run:
    """Have a run that is not alive work at another place when it is resumed; return it as it is then.

    Args:
        place: the name of a place, or `here` for this box.

    Raises:
        BadInputError: it is alive, its job may still work elsewhere, or the place cannot have it.
    """
    run = wait_for_exit(run)
    if run.manifest is None:
        raise BadInputError(f"{run.id} cannot be read: {run.broken}")
    if run.alive:
        raise BadInputError(f"{run.id} is {run.status}: stop it before it goes on at another place")
    if (there := works_elsewhere(run.path)) is not None and there.place != place:
        raise BadInputError(
            f"the job of {run.id} may still work at {there.place}: find it again with `garage resume {run.id}`, then "
            "stop it"
        )
    name = "" if place == HERE else place
    if name:
        found = find_place(settings, name)
        check_options(found, run.manifest.gpus_asked)
        base = str(run.manifest.recipe.get("base") or "")
        check_inputs_travel(found, "the base model", base if base.startswith(("/", "~", ".")) else "")
    try:
        write_manifest(run.path, msgspec.structs.replace(run.manifest, place=name))
    except OSError as error:
        raise GarageError(f"{run.id} cannot be moved: {why_not_written(error, run.path)}") from error
    return read_run(run.path)


def resume_all(workspace: Workspace) -> list[str]:
    """Resume every interrupted run, those that were running before those that were queued; return their ids.

    Raises:
        GarageError: some could not be resumed; the others were.
    """
    interrupted = [run for run in reversed(list_runs(workspace)) if run.status == "interrupted" and run.resumable]
    worked = [run for run in interrupted if run.state and run.state.state != "queued"]
    queue.put_first([run.path for run in worked if run.manifest and not run.manifest.place])
    resumed, failures = [], []
    for run in [*worked, *(run for run in interrupted if run not in worked)]:
        try:
            resume(run)
            resumed.append(run.id)
        except GarageError as error:
            failures.append(str(error))
    if failures:
        raise GarageError(f"{len(resumed)} resumed, {len(failures)} failed: " + "; ".join(failures))
    return resumed
