"""Paths that begin with `~`."""

from __future__ import annotations

import os
from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import one_line


def expand_home(path: str | Path) -> Path:
    """Return a path with `~` or `~user` at its beginning replaced by that home folder.

    A file that is called so wins, as in a shell.

    Raises:
        BadInputError: this box has no such user. (`Path.expanduser` raises RuntimeError.)
    """
    expanded = Path(os.path.expanduser(path))  # noqa: PTH111 (see above)
    if str(expanded).startswith("~") and not os.path.lexists(expanded):
        raise BadInputError(f"{one_line(str(path), 1000)}: there is no such user")
    return expanded
