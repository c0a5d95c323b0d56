"""What the model server of a workspace says of itself on disk, and the snapshot that is made of it.

`checkpoints/.server/` holds `lock` (held with flock for as long as the server lives), `state.json`, `key` (0600) and
`log.txt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.atomic import write_small
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.settings import Workspace
from garage_tui.core.runs.record import LOG, STATE, is_alive

KEY = "key"

_STATE_BYTES = 2048  # padded, so that a full disk can still be told (see write_small)

Status = Literal["off", "starting", "ready", "asleep", "failed"]
"""Asleep: it lives, and its model is put away while a run has the card for itself."""

LIVE_STATUSES = ("starting", "ready", "asleep")


class ServerState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`state.json`."""

    status: Status
    reason: str = ""
    """What it is doing, or why it failed: one line for a person."""
    url: str | None = None
    port: int | None = None
    base: str = ""
    runs: tuple[str, ...] = ()
    """Run ids that it is limited to; empty offers every run."""
    engine: str = ""
    """What answers, with its version."""
    memory: int | None = None
    """Bytes that it holds on its GPU, or in main memory without one; None where nobody says."""
    pid: int | None = None
    pid_started: int | None = None
    """Start time of that process in clock ticks since boot: pid and start time together are never reused."""


@dataclass(frozen=True)
class ServerSnapshot:
    """A frozen look at the server."""

    status: Status
    reason: str
    """What it is doing while it starts, why it sleeps, or why it failed."""
    url: str | None
    """Ends in `/v1`, as OpenAI's clients want it; None until it is ready."""
    base: str
    log: Path
    runs: tuple[str, ...] = ()
    engine: str = ""
    """What answers, with its version."""
    memory: int | None = None
    """Bytes that it holds on its GPU, or in main memory without one."""


def inspect(workspace: Workspace) -> ServerSnapshot:
    """Return what the server's files and lock say now."""
    folder = workspace.server
    alive = is_alive(folder)  # before the state: a server that leaves in between is then seen with its last word
    state = read_state(folder)
    log = folder / LOG
    if alive and state and state.pid and process_start(state.pid) != state.pid_started:
        state = None  # the last words of a dead server; the one that starts now has not spoken yet
    if state is None:
        return ServerSnapshot("starting" if alive else "off", "starting" if alive else "", None, "", log)
    status, reason = state.status, state.reason
    if not alive and status in LIVE_STATUSES:
        status, reason = (
            "failed",
            "the server ended without a word (killed, out of memory, or a reboot); start it again",
        )
    url = state.url if status in ("ready", "asleep") else None
    return ServerSnapshot(status, reason, url, state.base, log, state.runs, state.engine, state.memory)


def read_state(folder: Path) -> ServerState | None:
    """Return the state; None while there is none, or a damaged one."""
    try:
        return msgspec.json.decode(read_regular(folder / STATE), type=ServerState)
    except UNREADABLE:
        return None


def write_state(folder: Path, state: ServerState) -> None:
    """Replace the state.

    Raises:
        OSError: it could not be written.
    """
    state = msgspec.structs.replace(state, reason=state.reason[:600])
    write_small(folder / STATE, msgspec.json.encode(state).ljust(_STATE_BYTES - 1) + b"\n")


def process_start(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot (proc(5), field 22 of `stat`); None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])
