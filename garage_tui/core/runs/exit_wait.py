"""The wait for the processes of a run that has ended: they write how it ended, and exit a moment later."""

from __future__ import annotations

import time

from garage_tui.core.base.errors import GarageError
from garage_tui.core.runs.lock_holders import name_holders
from garage_tui.core.runs.record import Run, read_run

_EXIT_SECONDS = 60.0
"""How long they may take: torch frees its memory, and power caps are restored."""


def wait_for_exit(run: Run) -> Run:
    """Return the run as it is once its processes have exited; at once if it has not ended, or if they have.

    Raises:
        GarageError: they do not exit.
    """
    deadline = time.monotonic() + _EXIT_SECONDS
    while run.leaving:
        if time.monotonic() > deadline:
            raise GarageError(
                f"{run.id} has ended, but {name_holders(run.path)} still holds its lock: try again in a moment, or "
                "end that process"
            )
        time.sleep(0.05)
        run = read_run(run.path)
    return run
