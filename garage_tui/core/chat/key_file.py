"""A server's API key in a file that only its owner can read."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import open_regular

_MAX_KEY = 4096  # bytes


def read_key(file: Path, advice: str) -> str:
    """Return the key in a file, without the newline at its end.

    Args:
        advice: what to do if it cannot be read, in the imperative.

    Raises:
        GarageError: the file cannot be read, or others can read it too.
    """
    try:
        with open_regular(file) as opened:
            _check_private(file, os.fstat(opened.fileno()))
            return opened.read(_MAX_KEY).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise GarageError(f"the key in {file} cannot be read: {advice}") from error


def _check_private(file: Path, status: os.stat_result) -> None:
    """Refuse a key file of this user that others can read, as ssh does; another user's file is not checked.

    Raises:
        GarageError: others can read it.
    """
    if status.st_uid == os.getuid() and status.st_mode & 0o077:
        raise GarageError(f"others on this box can read the key in {file}: chmod 600 {shlex.quote(str(file))}")
