"""The runs of a workspace: list them, find one by a short reference, make the folder of a new one."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.runs.label import Label, clean_name, label_of, write_label
from garage_tui.core.runs.record import Run, read_run


def disk_bytes(folder: Path) -> int:
    """Return the bytes of all files under `folder`; one that cannot be read counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_size if path.is_file() else 0
    return total


def run_names(workspace: Workspace) -> list[str]:
    """Return the names of all run folders, the newest first; symbolic links are left out.

    Raises:
        OSError: the folder of the runs cannot be read; where it does not exist there are no runs.
    """
    try:
        with os.scandir(workspace.checkpoints) as entries:
            folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return sorted((name for name in folders if not name.startswith(".")), reverse=True)


def list_runs(workspace: Workspace) -> list[Run]:
    """Return every run, the newest first."""
    return [read_run(workspace.checkpoints / name) for name in run_names(workspace)]


def find_run(workspace: Workspace, ref: str) -> Run:
    """Return the run that `ref` means: an id, a name, an unambiguous beginning of an id, or `last`.

    Raises:
        BadInputError: no run matches, or several do.
    """
    runs = list_runs(workspace)
    if not runs:
        raise BadInputError(f"no runs in {workspace.checkpoints}: start one with `garage train lora --facts FILE`")
    if ref == "last":
        return max(runs, key=lambda run: run.state.created if run.state else 0.0)
    matches = [run for run in runs if run.id == ref]
    if not matches and ref:
        # A name that is the beginning of another run's id means neither: a command may delete what it gets.
        matches = [run for run in runs if run.id.startswith(ref) or is_called(run, ref)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise BadInputError(f"{ref!r} could be {', '.join(run.id for run in matches[:5])}: type more of the id")
    raise BadInputError(f"no run {ref!r} in {workspace.checkpoints}: `garage runs` lists them")


def is_called(run: Run, name: str) -> bool:
    """Return whether a run has this name; upper and lower case are the same."""
    return bool(name) and label_of(run.path).name.casefold() == clean_name(name).casefold()


def set_label(workspace: Workspace, run: Run, label: Label) -> Label:
    """Give a run a name and a note, and return them as they were written.

    Raises:
        BadInputError: another run has this name or id.
        GarageError: the label cannot be written.
    """
    name = clean_name(label.name)
    others = (one for one in list_runs(workspace) if one.id != run.id) if name else ()
    if other := next((one for one in others if one.id == name or is_called(one, name)), None):
        raise BadInputError(f"{other.id} has the name {name!r} already: choose another one")
    return write_label(run.path, label)


def slug(text: str) -> str:
    """Return `text` as a safe piece of a file name: lower-case letters, digits and single hyphens, at most 40."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:40].strip("-")


def new_run_folder(workspace: Workspace, kind: str, name: str) -> Path:
    """Make the folder of a new run and return its path; mkdir is atomic, so two starts in one minute get two ids."""
    workspace.checkpoints.mkdir(parents=True, exist_ok=True)
    stem = "-".join(part for part in (time.strftime("%Y%m%d-%H%M"), kind, slug(name)) if part)
    for number in range(1, 1000):
        folder = workspace.checkpoints / (stem if number == 1 else f"{stem}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise BadInputError(f"a thousand runs are named {stem} in this minute: wait a minute")
