"""The runs of a workspace: list them, find one by a short reference, make the folder of a new one."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.files_under import files_under
from garage_tui.core.base.sanitize import quoted
from garage_tui.core.runs.label import RESERVED, Label, clean_name, label_of, write_label
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.runs.service import Service, read_service
from garage_tui.core.settings.settings import ServeSettings, Workspace, load_settings


def disk_bytes(folder: Path) -> int:
    """Return the bytes of all files under `folder`; one that cannot be read counts nothing."""
    total = 0
    for file in files_under(folder):
        with contextlib.suppress(OSError):
            total += file.lstat().st_size
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


def find_run(workspace: Workspace, ref: str, usable: Callable[[Run], bool] | None = None) -> Run:
    """Return the run that `ref` means: an id, its beginning or its readable end, a name, `last`, or the lasting name.

    The beginning has to be that of one run alone. The end counts where nothing else matches: `lora-night` and `night`
    for `20261130-0001-lora-night`.

    Args:
        usable: with which runs the caller can do its work. `last` is the newest of them; where there is none, and
            without this argument, the newest of all.

    Raises:
        BadInputError: no run matches, or several do; or the base model is in service and `ref` is the lasting name.
    """
    runs = list_runs(workspace)
    if not runs:
        raise BadInputError(f"no runs in {workspace.checkpoints}: start one with `garage train lora --facts FILE`")
    if ref == "last":
        candidates = (usable and [run for run in runs if usable(run)]) or runs
        return max(candidates, key=lambda run: run.state.created if run.state else 0.0)
    matches = [run for run in runs if run.id == ref]
    if not matches and ref:
        # A name that is the beginning of another run's id means neither: a command may delete what it gets.
        matches = [run for run in runs if run.id.startswith(ref) or is_called(run, ref)]
        service = read_service(workspace)
        if (not matches or service.run) and ref == lasting_name(workspace):
            in_service = _in_service(service, runs, ref)
            matches += [in_service] if in_service.id not in {run.id for run in matches} else []
        matches = matches or [run for run in runs if _ends_with(run, ref)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise BadInputError(f"{quoted(ref)} could be {', '.join(run.id for run in matches[:5])}: type more of the id")
    raise BadInputError(f"no run {quoted(ref)} in {workspace.checkpoints}: `garage runs` lists them")


def lasting_name(workspace: Workspace) -> str:
    """Return the id of the model in service, which the settings name; the default where they cannot be read."""
    try:
        return load_settings(workspace).serve.name
    except GarageError:  # reported by whoever needs them
        return ServeSettings().name


def reserved_names(workspace: Workspace) -> tuple[str, ...]:
    """Return the names that no run can have, because commands use them for something else."""
    return *RESERVED, lasting_name(workspace)


def _in_service(service: Service, runs: list[Run], name: str) -> Run:
    """Return the run in service.

    Raises:
        BadInputError: the base model is in service, the run is missing, or the record cannot be read.
    """
    if service.problem:
        raise BadInputError(service.problem)
    if service.run is None:
        raise BadInputError(f"{name} is the base model now: `garage promote RUN` puts a run in service")
    if found := next((run for run in runs if run.id == service.run), None):
        return found
    raise BadInputError(
        f"the run in service, {service.run}, is missing: put another one in service, `garage promote RUN`"
    )


def is_called(run: Run, name: str) -> bool:
    """Return whether a run has this name; upper and lower case are the same."""
    return bool(name) and label_of(run.path).name.casefold() == clean_name(name).casefold()


def _ends_with(run: Run, ref: str) -> bool:
    """Return whether `ref` is the id without its time, or the name with which the run was started.

    Of two runs that began in one minute the second has a number behind its name. It counts too, so that such a name
    means neither.
    """
    end = "-".join(run.id.split("-")[2:])
    ends = {end, end.partition("-")[2]}
    return slug(ref) in (ends | {re.sub(r"-\d+$", "", end) for end in ends}) - {""}


def set_label(workspace: Workspace, run: Run, label: Label) -> Label:
    """Give a run a name and a note, and return them as they were written.

    Raises:
        BadInputError: another run has this name or id, or commands use it for something else.
        GarageError: the label cannot be written.
    """
    name = clean_name(label.name)
    if name.casefold() in {reserved.casefold() for reserved in reserved_names(workspace)}:
        raise BadInputError(f"a run cannot be called {quoted(name)}, because commands use that: choose another name")
    others = (one for one in list_runs(workspace) if one.id != run.id) if name else ()
    if other := next((one for one in others if one.id == name or is_called(one, name)), None):
        raise BadInputError(f"{other.id} has the name {quoted(name)} already: choose another one")
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
