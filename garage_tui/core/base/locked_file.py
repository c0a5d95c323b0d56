"""Files that one process of this user owns as long as it holds their lock (flock(2))."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import why_not_written

_PATIENCE = 0.1
"""Seconds that a lock is tried: a process that only looks whether it is held has it for less than a millisecond."""


def open_locked(file: Path) -> int:
    """Open a file, made if need be, and lock it; return its descriptor.

    Raises:
        OSError: it cannot be made or locked.
    """
    while True:
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:  # else whoever held it before has removed it
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


@contextlib.contextmanager
def held_alone(file: Path, busy: str) -> Iterator[None]:
    """Hold the lock of a file, made if need be with its folder.

    Args:
        busy: what is said if another process holds it.

    Raises:
        GarageError: another process holds it, or it cannot be made.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise GarageError(f"{one_line(str(file), 300)} cannot be written: {why_not_written(error, file)}") from error
    try:
        if not locked_soon(fd, _PATIENCE):
            raise GarageError(busy)
        yield
    finally:
        os.close(fd)


def locked_soon(fd: int, patience: float = 0.5, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock an open file, by default for this process alone; False if another one keeps it.

    Args:
        patience: seconds that it is tried.
        kind: `fcntl.LOCK_EX` or `fcntl.LOCK_SH`.
    """
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        else:
            return True
