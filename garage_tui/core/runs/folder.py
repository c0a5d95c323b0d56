"""The run folder `checkpoints/<run-id>/`: the names of its files, whether it is alive, and a brief view of live runs.

A status bar needs no more, and reads this often. So msgspec, which validates what `record.py` reads, is not imported
here: that would take longer than everything else that a line for a status bar needs.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from garage_tui.core.base.safe_open import read_regular

MANIFEST, STATE, EVENTS, LOG, LOCK = "run.json", "state.json", "events.jsonl", "log.txt", "lock"
FACTS, ADAPTER = "facts.jsonl", "adapter"

Status = Literal["queued", "running", "paused", "stopping", "finished", "failed", "stopped", "interrupted"]
ENDED: tuple[Status, ...] = ("finished", "failed", "stopped")
COMPLETE: tuple[Status, ...] = ("finished", "stopped")
"""Statuses of a run whose adapter is complete and does not change."""

_LONGEST = 1e10  # seconds: three centuries, and no NaN, infinity, or integer of a thousand digits


class LiveRun(NamedTuple):
    """A run that works or waits: the few values of it that a status bar shows."""

    name: str
    status: str
    step: int = 0
    total_steps: int = 0
    seconds_left: float | None = None
    waiting_for: str = ""
    """What it waits for by itself (`waits` of the state); empty where it does not wait."""
    reason: str = ""


def name_of(run_id: str) -> str:
    """Return a run id without its date."""
    parts = run_id.split("-", 2)
    return parts[2] if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit() else run_id


def is_alive(folder: Path) -> bool:
    """Return whether a process of this run holds its lock, as the kernel says."""
    try:
        fd = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


def live_status(folder: Path, state: str) -> str:
    """Return the status of a live run: its state, or what its owner has asked of it."""
    from garage_tui.core.runs.request import requested_action  # 3 ms with its JSON, which only live runs have to pay

    action = requested_action(folder) if state not in ENDED else None
    if action == "stop":
        return "stopping"
    if action == "release" or (action == "pause" and state != "paused"):
        return "pausing"
    return state


def live_runs(checkpoints: Path) -> Iterator[LiveRun]:
    """Yield the live runs, the newest first; no other run is read."""
    try:
        folders = sorted((entry for entry in checkpoints.iterdir() if not entry.name.startswith(".")), reverse=True)
    except OSError:
        return
    yield from (_read_live_run(folder) for folder in folders if is_alive(folder))


def _read_live_run(folder: Path) -> LiveRun:
    import json

    name = name_of(folder.name)
    try:
        content = json.loads(read_regular(folder / STATE))
        state, left = str(content["state"]), content.get("seconds_left")
        step, total = (int(content.get(key, 0)) for key in ("step", "total_steps"))
        waiting_for, reason = (str(content.get(key, "")) for key in ("waits", "reason"))
        left = left if left is not None and 0 <= left < _LONGEST else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        return LiveRun(name, "broken")
    return LiveRun(name, live_status(folder, state), step, total, left, waiting_for, reason)
