"""The deletion of a run with all that belongs to it."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.locked_file import locked_soon
from garage_tui.core.runs.exit_wait import wait_for_exit
from garage_tui.core.runs.folder import LOCK
from garage_tui.core.runs.lock_holders import name_holders
from garage_tui.core.runs.place_record import PLACE, works_elsewhere
from garage_tui.core.runs.record import Run
from garage_tui.core.runs.service import locked_record, refuse_if_in_service, service_file

_DELETED = ".deleted-"
"""How the name of a folder begins that is being deleted."""


def delete(run: Run) -> None:
    """Delete a run's folder, adapter and checkpoints included; first its processes exit, if it has ended just now.

    Raises:
        BadInputError: it is alive.
        GarageError: it is in service, or the folder cannot be removed.
    """
    run = wait_for_exit(run)
    if (there := works_elsewhere(run.path)) is not None and not run.alive:
        raise BadInputError(
            f"the job of {run.id} may still work at {there.place} ({there.job or there.name}): find it again with "
            f"`garage resume {run.id}`, then stop it; if {there.place} is gone for good, remove {PLACE} from the run's "
            "folder first"
        )
    checkpoints = run.path.parent
    # Locked, so that nobody puts it in service meanwhile.
    with locked_record(checkpoints) if service_file(checkpoints).exists() else contextlib.nullcontext():
        refuse_if_in_service(checkpoints, run.id)
        _remove(run)


def remove_left_over(checkpoints: Path) -> None:
    """Remove what deletions have left behind that were killed, or that failed (a network disk that was away)."""
    for folder in checkpoints.glob(f"{_DELETED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _remove(run: Run) -> None:
    try:
        lock = os.open(run.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            if not locked_soon(lock):
                if run.alive:
                    raise BadInputError(f"{run.id} is {run.status}: stop it first")
                raise BadInputError(f"{run.id} is in use: {name_holders(run.path)} holds its lock; end it first")
            remove_left_over(run.path.parent)
            # Renamed first, in one step, so that nobody sees half a folder.
            trash = run.path.with_name(f"{_DELETED}{run.id}")
            run.path.rename(trash)
            try:
                shutil.rmtree(trash)
            except FileNotFoundError:  # another deletion has tidied up meanwhile
                shutil.rmtree(trash, ignore_errors=True)
        finally:
            os.close(lock)
    except OSError as error:
        raise GarageError(f"{run.path} cannot be deleted: {error.strerror or error}") from error
