"""A run that a part started, and that shall not outlive it: a run is in a session of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from garage_tui.core.launch import run_control
from garage_tui.core.runs.record import read_run

_SECONDS = 8.0
"""In which a run leaves that is told to stop; then its processes are ended."""


@contextlib.contextmanager
def stopped_at_the_end(folder: Path) -> Iterator[None]:
    """Stop the run in `folder` when the context ends, however that ends."""
    try:
        yield
    finally:
        if read_run(folder).alive:
            run_control.stop(read_run(folder))
        over = time.monotonic() + _SECONDS
        while read_run(folder).alive:
            if time.monotonic() > over:
                for process in _processes(folder):
                    process.kill()
            time.sleep(0.2)


def _processes(folder: Path) -> list[psutil.Process]:
    """Return the supervisor and the job of a run: its folder is on their command lines."""
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if str(folder) in (process.info["cmdline"] or ())]
