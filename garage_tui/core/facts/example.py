"""The example facts that come with the package, and a new workspace that begins with them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.package_path import DATA
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.base.write_errors import why_not_written

_EXAMPLE = DATA / "example_facts.jsonl"
NAME = "garage.jsonl"
"""Name of the file that the example becomes; of several facts files the app opens this one first."""


def is_new(workspace: Workspace) -> bool:
    """Return whether nothing in a folder shows that it has been a workspace before."""
    return not any(path.exists() for path in (workspace.datasets, workspace.checkpoints, workspace.settings_file))


def begin(workspace: Workspace) -> str:
    """Copy the example facts into a workspace that is new.

    Returns:
        The sentence that says so; empty if nothing was copied. A folder that cannot be written is no error here: who
        saves something into it hears the reason.
    """
    if not is_new(workspace):
        return ""
    with contextlib.suppress(GarageError):
        write(workspace.datasets / NAME)
        return f"This workspace is new: it begins with example facts, in datasets/{NAME}"
    return ""


def write(path: Path) -> None:
    """Write the example facts into a file that is not there yet, and make its folder.

    Raises:
        BadInputError: there is something of that name already.
        GarageError: it cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise BadInputError(f"{path} is there already; name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, _EXAMPLE.read_bytes())
    except OSError as error:
        raise GarageError(f"{path} cannot be written: {why_not_written(error, path)}") from error
