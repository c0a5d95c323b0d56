"""Files that one process of this user owns as long as it holds their lock (flock(2))."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


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
