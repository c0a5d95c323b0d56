"""`garage logs -F`: the log of the active run, then of the next one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.tail import FileFollower
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.runs.catalog import run_names
from garage_tui.core.runs.folder import LOG, is_alive
from garage_tui.core.runs.record import read_run

_SECONDS, _POLL_SECONDS = 0.2, 1.0
"""Seconds between two reads of a growing log, and of the folder of runs while none is active."""
_TAIL = 16 * 1024
"""Bytes that are printed of an existing log: some screens."""


def follow_all(workspace: Workspace) -> int:
    """Print the log of the active run, then of the next one, until Ctrl-C; return the exit code."""
    known = _folders(workspace)
    run = _active(known) or next((one for one in known if (one / LOG).is_file() and not is_alive(one)), None)
    try:
        if run:
            _follow(run, _TAIL)
        else:
            print("no runs yet; the log of the first run will appear here", flush=True)
        while True:
            folders = _folders(workspace)
            new = [one for one in folders if one not in known]
            # A run that started and ended between two reads counts too.
            if following := _active(folders) or next((one for one in new if not is_alive(one)), None):
                _follow(following, None if following in new else _TAIL)
            known = folders
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 0


def _follow(run: Path, tail: int | None) -> None:
    """Print the log of a run until it ends; of an existing log, from the last `tail` bytes on."""
    print(f"── {one_line(run.name)} ──", flush=True)
    print_log(FileFollower(run / LOG, tail=tail), lambda: not is_alive(run))


def print_log(log: FileFollower, is_over: Callable[[], bool]) -> None:
    """Print a log from its current position until its writer has ended and everything is printed."""
    while True:
        over = is_over()
        if lines := log.text(final=over):
            print("\n".join(lines), flush=True)
        elif not log.behind:
            if over:
                return
            time.sleep(_SECONDS)


def _folders(workspace: Workspace) -> list[Path]:
    """Return the run folders, the newest first."""
    try:
        return [workspace.checkpoints / name for name in run_names(workspace)]
    except OSError:
        return []


def _active(folders: list[Path]) -> Path | None:
    """Return the newest run that is alive and not queued."""
    return next((run for run in folders if is_alive(run) and read_run(run).status != "queued"), None)
