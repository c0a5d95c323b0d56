"""Lists the files of a folder that somebody may be changing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files_under(folder: Path) -> Iterator[Path]:
    """Yield all files in a folder and its subfolders; what cannot be read, or is removed meanwhile, is left out.

    `Path.rglob` raises FileNotFoundError where a folder is removed while it is read.
    """
    for path, _, names in os.walk(folder):
        for name in names:
            yield Path(path, name)
