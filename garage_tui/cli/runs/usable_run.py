"""The run that a command uses: for `last` the newest one that it can use, and a line on stderr if that is another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garage_tui.core.base.workspace import Workspace
    from garage_tui.core.runs.record import Run


def find_usable_run(workspace: Workspace, ref: str, usable: Callable[[Run], bool]) -> Run:
    """Return the run that `ref` means, as `catalog.find_run`; say on stderr if `last` is not the newest run of all.

    Raises:
        BadInputError: as `catalog.find_run`.
    """
    import sys

    from garage_tui.core.runs.catalog import find_run

    run = find_run(workspace, ref, usable)
    if ref == "last" and (newest := find_run(workspace, ref)).id != run.id:
        print(f"last is {run.id}, because {newest.id} ({newest.status}) cannot be used for this", file=sys.stderr)
    return run
