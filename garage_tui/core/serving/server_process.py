"""The embedded server of a workspace, seen from outside: start it, look at it, stop it. Its files are the only seam.

`checkpoints/.server/` holds `lock` (held with flock for as long as the server lives), `state.json`, `key` (0600) and
`log.txt`.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.atomic import write_small
from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import log_file, read_regular
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.chat.client import ServerAddress as ServerAddress
from garage_tui.core.hardware import gpus as gpu
from garage_tui.core.models import base_models as models
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.record import LOCK, LOG, STATE, Run, is_alive
from garage_tui.core.scheduling import queue
from garage_tui.core.serving import vllm_install as vllm

KEY = "key"
SETTINGS = "GARAGE_SERVE_SETTINGS"
"""Variable with the settings `[serve]` as JSON: whoever starts a server has read them already."""
_JOB = "garage_tui.jobs.serve"
_STATE_BYTES = 2048  # padded, so that a full disk can still be told (see write_small)
_LOCK_SECONDS = 5.0  # a server that is leaving may hold the lock this long
_MOST_KEY = 4096  # bytes
_STOP_SECONDS = 10.0  # then it is killed; a server has nothing to save


Status = Literal["off", "starting", "ready", "asleep", "failed"]
"""Asleep: it lives, and its model is put away while a run has the card for itself."""
LIVES = ("starting", "ready", "asleep")


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
class Server:
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


def look(workspace: Workspace) -> Server:
    """Return what the server's files and lock say now."""
    folder = workspace.server
    alive = is_alive(folder)  # before the state: a server that leaves in between is then seen with its last word
    state = read_state(folder)
    log = folder / LOG
    if alive and state and state.pid and process_start(state.pid) != state.pid_started:
        state = None  # the last words of a dead server; the one that starts now has not spoken yet
    if state is None:
        return Server("starting" if alive else "off", "starting" if alive else "", None, "", log)
    status, reason = state.status, state.reason
    if not alive and status in LIVES:
        status, reason = (
            "failed",
            "the server ended without a word (killed, out of memory, or a reboot); start it again",
        )
    url = state.url if status in ("ready", "asleep") else None
    return Server(status, reason, url, state.base, log, state.runs, state.engine, state.memory)


def start(
    workspace: Workspace,
    settings: Settings,
    base: str | None = None,
    *,
    port: int | None = None,
    idle_minutes: float | None = None,
    runs: Sequence[str] = (),
    engine: str | None = None,
    host: str | None = None,
) -> None:
    """Start the server in a session of its own and return at once; nothing happens if one with this base lives.

    Args:
        base: a base model; by default the settings'.
        port: TCP port, 0 takes any free one; by default the settings'.
        engine: `embedded` or `vllm`; by default the settings'.
        host: the address that it listens at; by default the settings'.
        idle_minutes: it leaves after so many minutes without a question, 0 never; by default the settings'.
        runs: ids of the only runs to offer; none offers all.

    Raises:
        BadInputError: `base` names no model.
        GarageError: a server for something else lives here, the folder cannot be written, or there is no vLLM.
    """
    name = models.find(base or settings.base_model).name
    slot = _slot(settings.serve.gpu)
    with_vllm = vllm.wanted(settings.serve, engine)
    if with_vllm:
        vllm.probe(settings.serve)  # what is wrong with it is said here, before anything is started
    folder = workspace.server
    state = ServerState(status="starting", reason="starting", base=name, runs=tuple(runs))
    command = [sys.executable, "-P", "-m", _JOB, str(workspace.root), "--base", name]
    command += ["--engine", "vllm" if with_vllm else "embedded", "--slot", slot, "--host", host or settings.serve.host]
    command += ["--port", str(settings.serve.port if port is None else port)]
    command += ["--idle-minutes", f"{settings.serve.idle_minutes if idle_minutes is None else idle_minutes:g}"]
    command += [f"--only={run}" for run in runs]
    try:
        if folder.is_symlink():
            raise GarageError(f"{folder} is a link: remove it, so that the server's key stays in this workspace")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if not _take(lock, workspace, state):
                return
            write_state(folder, state)
            with log_file(folder / LOG, fresh=True, mode=0o600) as log:
                subprocess.Popen(
                    [*command, "--lock-fd", str(lock)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[lock],
                    start_new_session=True,
                    env={
                        **environment(shares_cores=True),
                        **_card(slot),
                        SETTINGS: msgspec.json.encode(settings.serve).decode(),
                        "HF_HUB_DISABLE_TELEMETRY": "1",
                    },
                )
        finally:
            os.close(lock)  # the server's copy keeps the lock
    except OSError as error:
        raise GarageError(f"the server cannot be started in {folder}: {error.strerror or error}") from error


def stop(workspace: Workspace) -> None:
    """Ask the server to leave and wait until it has, some seconds at most; nothing happens if none lives.

    Raises:
        GarageError: it lives on.
    """
    folder = workspace.server
    asked_at: float | None = None
    deadline = time.monotonic() + 2 * _STOP_SECONDS
    while is_alive(folder):
        state = read_state(folder)
        if asked_at is None:
            if state and _send(state, signal.SIGTERM):
                asked_at = time.monotonic()
        elif state and time.monotonic() - asked_at > _STOP_SECONDS:
            _send(state, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise GarageError(f"the server does not leave; see {folder / LOG}")
        time.sleep(0.05)
    state = read_state(folder)
    if asked_at is not None and state and state.status in LIVES:
        write_state(folder, ServerState(status="off", base=state.base))


def address(workspace: Workspace) -> ServerAddress:
    """Return where the server is, and its key.

    Raises:
        GarageError: it is not ready; the text says what it is instead.
    """
    server = look(workspace)
    if server.status not in ("ready", "asleep") or server.url is None:
        words = {"off": "no server is running", "starting": "the server is still starting"}
        raise GarageError(
            words.get(server.status, "the server failed") + (f": {server.reason}" if server.reason else "")
        )
    try:
        return ServerAddress(server.url, read_regular(workspace.server / KEY, _MOST_KEY).decode().strip())
    except (OSError, UnicodeDecodeError) as error:
        raise GarageError(
            f"the server's key in {workspace.server / KEY} cannot be read; start the server again"
        ) from error


def served_runs(workspace: Workspace, base: str, only: Sequence[str] = ()) -> list[Run]:
    """Return the runs that a server for `base` offers: finished or stopped ones with an adapter trained on it."""
    return [
        run
        for run in list_runs(workspace)
        if run.status in ("finished", "stopped")
        and run.adapter
        and run.manifest
        and run.manifest.base.get("name") == base
        and (not only or run.id in only)
    ]


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


def _slot(wanted: int | None) -> str:
    """Return where the model goes: the GPU that is wanted, else the first, else `cpu`.

    Raises:
        BadInputError: there is no such GPU.
    """
    there = [str(reading.index) for reading in gpu.usable()]
    if wanted is None:
        return there[0] if there else queue.CPU
    if str(wanted) not in there:
        raise BadInputError(f"no GPU {wanted} for the server; check `gpu` in [serve]")
    return str(wanted)


def _card(slot: str) -> dict[str, str]:
    # NVML counts by PCI bus, CUDA by speed unless told.
    return {} if slot == queue.CPU else {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": slot}


def _take(lock: int, workspace: Workspace, wanted: ServerState) -> bool:
    """Take the lock; False if a server such as is wanted holds it."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            pass
        there = look(workspace)  # it may also be leaving, or somebody is just looking at the lock
        if there.base and there.status in LIVES and is_alive(workspace.server):
            if there.base == wanted.base and there.runs == wanted.runs:
                return False
            offers = there.base + (f" with {', '.join(there.runs)} only" if there.runs else "")
            raise GarageError(
                f"a server for {offers} is running; stop it with `garage serve --stop`, then start this one"
            )
        if time.monotonic() > deadline:
            raise GarageError(f"another server holds {workspace.server / LOCK} and says nothing; see {there.log}")
        time.sleep(0.05)


def _send(state: ServerState, number: signal.Signals) -> bool:
    """Signal the server's process; False while it is not known for sure which one that is."""
    if state.pid is None or state.pid_started is None:
        return False
    try:
        handle = os.pidfd_open(state.pid)
    except OSError:
        return False
    try:
        # Looked at after the handle is taken: from here on the pid cannot pass to another process.
        if process_start(state.pid) != state.pid_started:
            return False
        signal.pidfd_send_signal(handle, number)
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
