"""A workspace for a benchmark of many runs: thrown away at the end, or kept and gone on with the next time."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from garage_tui.core.settings.settings import Workspace


@contextlib.contextmanager
def kept_workspace(folder: Path | None) -> Iterator[Workspace]:
    """Give a workspace in `folder`, which is made if need be; in a temporary one without it."""
    with tempfile.TemporaryDirectory() as temporary:
        box = Workspace(folder or Path(temporary))
        box.datasets.mkdir(parents=True, exist_ok=True)
        box.checkpoints.mkdir(exist_ok=True)
        yield box
