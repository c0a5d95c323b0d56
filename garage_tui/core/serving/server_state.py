"""State of the model server of a workspace: what it writes to disk, and the snapshot that readers make of it.

`checkpoints/.server/` holds `lock` (held with flock for as long as the server lives), `state.json`, `key` (0600) and
`log.txt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.atomic import write_small
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.runs.folder import LOG, STATE, is_alive
from garage_tui.core.settings.settings import Workspace

_STATE_BYTES = 2048  # padded, so that it can be replaced on a full disk (see write_small)

Status = Literal["off", "starting", "ready", "asleep", "failed"]
"""Asleep: the process lives, but its model is unloaded while a run needs the GPU for itself."""

LIVE_STATUSES = ("starting", "ready", "asleep")
"""Statuses in which the server process lives."""


class ServerState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Content of `state.json`, which the server process writes."""

    status: Status
    reason: str = ""
    """A line for a person: what it does while it starts, why it sleeps or failed, or what is special of a ready one."""
    url: str | None = None
    port: int | None = None
    base: str = ""
    runs: tuple[str, ...] = ()
    """Ids of the only runs that it offers; empty if it offers all."""
    name: str = ""
    """Id of the model in service, as its clients ask for it."""
    taken_port: int | None = None
    """The port that another program had, where it failed because of that."""
    engine: str = ""
    """Name and version of the inference engine."""
    memory: int | None = None
    """Bytes that it holds on its GPU, or in main memory without one; None if unknown."""
    pid: int | None = None
    pid_started: int | None = None
    """Start time of that process in clock ticks since boot: pid and start time together are never reused."""


@dataclass(frozen=True)
class ServerSnapshot:
    """Immutable snapshot of the server."""

    status: Status
    reason: str
    """What it does while it starts, why it sleeps, or why it failed."""
    url: str | None
    """Ends in `/v1`, as OpenAI's clients want it; None until it is ready."""
    base: str
    log: Path
    runs: tuple[str, ...] = ()
    engine: str = ""
    """Name and version of the inference engine."""
    memory: int | None = None
    """Bytes that it holds on its GPU, or in main memory without one; None if unknown."""
    name: str = ""
    """Id of the model in service, as its clients ask for it."""
    taken_port: int | None = None
    """The port that another program had, where it failed because of that."""


def inspect(workspace: Workspace) -> ServerSnapshot:
    """Return a snapshot of the server, made of its lock and its state file."""
    folder = workspace.server
    alive = is_alive(folder)  # before the state: of a server that ends in between, the last state is read
    state = read_state(folder)
    log = folder / LOG
    if alive and state and state.pid and process_start(state.pid) != state.pid_started:
        state = None  # of the server before; the one that starts now has not written any yet
    if state is None:
        return ServerSnapshot("starting" if alive else "off", "starting" if alive else "", None, "", log)
    status, reason = state.status, state.reason
    if not alive and status in LIVE_STATUSES:
        status = "failed"
        reason = "the server ended unexpectedly (killed, out of memory, or a reboot); start it again"
    url = state.url if status in ("ready", "asleep") else None
    return ServerSnapshot(
        status,
        reason,
        url,
        state.base,
        log,
        state.runs,
        state.engine,
        state.memory,
        state.name,
        state.taken_port if status == "failed" else None,
    )


def read_state(folder: Path) -> ServerState | None:
    """Return the state; None if there is none or it is damaged."""
    try:
        return msgspec.json.decode(read_regular(folder / STATE), type=ServerState)
    except UNREADABLE:
        return None


def write_state(folder: Path, state: ServerState) -> None:
    """Replace the state file.

    Raises:
        OSError: it could not be written.
    """
    state = msgspec.structs.replace(state, reason=state.reason[:600])
    write_small(folder / STATE, struct_json(state).ljust(_STATE_BYTES - 1) + b"\n", mode=0o600)


def process_start(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot (proc(5), field 22 of `stat`); None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])
