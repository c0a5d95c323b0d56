"""Paths that begin with `~`."""

from __future__ import annotations

import os
from pathlib import Path


def expand_home(path: str | Path) -> Path:
    """Return a path with `~` or `~user` at its beginning replaced by that home folder.

    Where this box has no such user, or nobody knows a home folder, the path is returned as it is: `Path.expanduser`
    raises RuntimeError for it.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 (see above)
