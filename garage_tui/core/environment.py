"""The environment of our own processes."""

from __future__ import annotations

import os
from pathlib import Path


def environment() -> dict[str, str]:
    """Return the environment of a process of ours: with this package importable from wherever it was started."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        # Threads that go to sleep at each wait make a run of small batches half as fast; those that spin for as long as
        # libgomp has it take the cores from whoever else works on the box (docs/figures.md).
        **({} if "OMP_WAIT_POLICY" in os.environ else {"GOMP_SPINCOUNT": "2000"}),
        **os.environ,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONUNBUFFERED": "1",
    }
