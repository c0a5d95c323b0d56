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

import msgspec

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.safe_open import log_file, read_regular
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.chat.client import ServerAddress
from garage_tui.core.hardware import gpus as gpu
from garage_tui.core.models import base_models as models
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.record import LOCK, LOG, Run, is_alive
from garage_tui.core.scheduling import queue
from garage_tui.core.serving import vllm_install as vllm
from garage_tui.core.serving.server_state import (
    KEY,
    LIVE_STATUSES,
    ServerState,
    inspect,
    process_start,
    read_state,
    write_state,
)

SETTINGS = "GARAGE_SERVE_SETTINGS"
"""Variable with the settings `[serve]` as JSON: whoever starts a server has read them already."""
_JOB = "garage_tui.jobs.serve"
_LOCK_SECONDS = 5.0  # a server that is leaving may hold the lock this long
_MOST_KEY = 4096  # bytes
_STOP_SECONDS = 10.0  # then it is killed; a server has nothing to save


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
    with_vllm = vllm.is_chosen(settings.serve, engine)
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
    if asked_at is not None and state and state.status in LIVE_STATUSES:
        write_state(folder, ServerState(status="off", base=state.base))


def address(workspace: Workspace) -> ServerAddress:
    """Return where the server is, and its key.

    Raises:
        GarageError: it is not ready; the text says what it is instead.
    """
    server = inspect(workspace)
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
        there = inspect(workspace)  # it may also be leaving, or somebody is just looking at the lock
        if there.base and there.status in LIVE_STATUSES and is_alive(workspace.server):
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
