"""The lock of a run, for a job that is started by hand; a supervisor hands its job the lock that it holds."""

from __future__ import annotations

import os
from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.locked_file import locked_soon
from garage_tui.core.runs.folder import LOCK, STATE
from garage_tui.core.runs.lock_holders import name_holders


def take_lock(folder: Path) -> int:
    """Take the lock of a run whose job is started by hand.

    Raises:
        BadInputError: the folder holds no run, or another process works on it.
    """
    if not (folder / STATE).exists():
        raise BadInputError(f"{folder} is no run folder: it has no {STATE}")
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        if not locked_soon(lock):
            raise BadInputError(f"{folder.name} is running already: {name_holders(folder)} holds its lock")
    except BaseException:
        os.close(lock)
        raise
    return lock
