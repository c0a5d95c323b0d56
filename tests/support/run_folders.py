"""Looking at a real run from outside, as tests do: its processes, its events, and its state once it is as wanted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from garage_tui.core.runs.folder import EVENTS, LOG
from garage_tui.core.runs.record import Run, read_run


def processes(folder: Path) -> list[int]:
    """Return the pids of a run's processes: each has the folder's absolute path as an argument."""
    found = subprocess.run(["pgrep", "-f", f"{folder}( |$)"], capture_output=True, text=True).stdout
    return [int(pid) for pid in found.split()]


def kill(folder: Path) -> None:
    """Kill −9 every process of a run."""
    for pid in processes(folder):
        with contextlib.suppress(ProcessLookupError):  # it left by itself in between
            os.kill(pid, signal.SIGKILL)


def wait(folder: Path, until: Callable[[Run], object], seconds: float = 180) -> Run:
    """Return the run once `until` holds; fail with what it says where that takes too long."""
    deadline = time.monotonic() + seconds
    while not until(run := read_run(folder)):
        assert time.monotonic() < deadline, (run.status, run.reason, run.state, (folder / LOG).read_text())
        time.sleep(0.05)
    return run


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return the events of a kind that a run has told."""
    found = [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]
    return [event for event in found if event["event"] == kind]
