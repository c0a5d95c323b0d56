"""Starts and stops the model server of a workspace, a process of its own, and finds its address.

Its files in `checkpoints/.server/` are the only interface (`server_state`).
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.safe_open import log_file
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.chat.client import ServerAddress
from garage_tui.core.hardware import gpus
from garage_tui.core.models import base_models
from garage_tui.core.runs.catalog import list_runs, run_names
from garage_tui.core.runs.folder import COMPLETE, LOCK, LOG, is_alive
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.scheduling.slots import CPU
from garage_tui.core.serving import engine_choice
from garage_tui.core.serving import vllm_install as vllm
from garage_tui.core.serving.api_key import KEY, read_key
from garage_tui.core.serving.server_state import (
    LIVE_STATUSES,
    ServerState,
    inspect,
    process_start,
    read_state,
    write_state,
)
from garage_tui.core.settings.settings import Settings, Workspace

SETTINGS = "GARAGE_SERVE_SETTINGS"
"""Environment variable that hands the settings `[serve]` to the server, as JSON."""
PORT_VARIABLE = "GARAGE_PORT"
_JOB = "garage_tui.jobs.serve"
_LOCK_SECONDS = 5.0  # a server that is ending may hold the lock this long
_STOP_SECONDS = 10.0  # then it is killed; it has nothing to save
_KILL_SECONDS = 30.0  # a killed process with much memory takes a while on a busy box


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
    """Start the server in a session of its own and return at once; nothing happens if one with this base runs.

    Args:
        workspace: whose runs it offers.
        settings: of the workspace.
        base: a base model, as `core.models.find` takes it; by default the settings'.
        port: TCP port, 0 for any free one; by default $GARAGE_PORT, else the settings'.
        engine: `embedded`, `llama.cpp` or `vllm`; by default the settings'.
        host: the address that it listens on; by default the settings'.
        idle_minutes: it stops after so many minutes without a request, 0 never; by default the settings'.
        runs: ids of the only runs that it offers; by default all.

    Raises:
        BadInputError: `base` names no model, or $GARAGE_PORT no port.
        GarageError: a server with another base runs here, its folder cannot be written, or the engine is not there.
    """
    name = base_models.find(base or settings.base_model).name
    slot = choose_slot(settings.serve.gpu)
    chosen = engine_choice.choose(settings.serve, slot, engine).name
    if chosen == "vllm":
        vllm.probe(settings.serve)  # raises before anything is started
    folder = workspace.server
    state = ServerState(status="starting", reason="starting", base=name, runs=tuple(runs), name=settings.serve.name)
    command = [sys.executable, "-P", "-m", _JOB, str(workspace.root), "--base", name]
    command += ["--engine", chosen, "--slot", slot, "--host", host or settings.serve.host]
    command += ["--port", str(_choose_port(settings) if port is None else port)]
    command += ["--name", settings.serve.name]
    command += ["--idle-minutes", f"{settings.serve.idle_minutes if idle_minutes is None else idle_minutes:g}"]
    command += [f"--only={run}" for run in runs]
    try:
        if folder.is_symlink():
            raise GarageError(f"{folder} is a link: remove it, so that the server's key stays in this workspace")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if not _acquire(lock, workspace, state):
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
                        **_gpu_environment(slot),
                        SETTINGS: struct_json(settings.serve).decode(),
                        "HF_HUB_DISABLE_TELEMETRY": "1",
                    },
                )
        finally:
            os.close(lock)  # the server's copy keeps the lock
    except OSError as error:
        raise GarageError(f"the server cannot be started in {folder}: {why_not_written(error, folder)}") from error


def stop(workspace: Workspace) -> None:
    """Stop the server and wait until it has ended, some seconds at most; nothing happens if none runs.

    Raises:
        GarageError: it did not end.
    """
    folder = workspace.server
    signalled_at: float | None = None
    deadline = time.monotonic() + _STOP_SECONDS + _KILL_SECONDS
    while is_alive(folder):
        state = read_state(folder)
        if signalled_at is None:
            if state and _send_signal(state, signal.SIGTERM):
                signalled_at = time.monotonic()
        elif state and time.monotonic() - signalled_at > _STOP_SECONDS:
            _send_signal(state, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise GarageError(f"the server does not stop; see {folder / LOG}")
        time.sleep(0.05)
    state = read_state(folder)
    if signalled_at is not None and state and state.status in LIVE_STATUSES:
        write_state(folder, ServerState(status="off", base=state.base))


def address(workspace: Workspace) -> ServerAddress:
    """Return the address and the key of the server.

    Raises:
        GarageError: it is not ready; the text says why.
    """
    snapshot = inspect(workspace)
    if snapshot.status not in ("ready", "asleep") or snapshot.url is None:
        states = {"off": "no server is running", "starting": "the server is still starting"}
        state = states.get(snapshot.status, "the server failed")
        raise GarageError(state + (f": {snapshot.reason}" if snapshot.reason else ""))
    try:
        return ServerAddress(snapshot.url, read_key(workspace.server))
    except (OSError, UnicodeDecodeError) as error:
        path = workspace.server / KEY
        raise GarageError(f"the server's key in {path} cannot be read; start the server again") from error


def served_runs(workspace: Workspace, base: str, only: Sequence[str] = ()) -> list[Run]:
    """Return the runs that a server of `base` offers: finished or stopped, with an adapter that was trained on it."""
    return [run for run in list_runs(workspace) if _is_served(run, base, only)]


def served_run(workspace: Workspace, run_id: str, base: str, only: Sequence[str] = ()) -> Run | None:
    """Return the run with this id if a server of `base` offers it, as `served_runs` does; None otherwise."""
    if run_id not in run_names(workspace):
        return None
    run = read_run(workspace.checkpoints / run_id)
    return run if _is_served(run, base, only) else None


def _is_served(run: Run, base: str, only: Sequence[str]) -> bool:
    return bool(
        run.status in COMPLETE
        and run.adapter
        and run.manifest
        and run.manifest.base.get("name") == base
        and (not only or run.id in only)
    )


def choose_slot(index: int | None) -> str:
    """Return where the model is loaded: the GPU with this index, by default the first one, without any `cpu`.

    Raises:
        BadInputError: there is no such GPU.
    """
    usable = [str(reading.index) for reading in gpus.usable()]
    if index is None:
        return usable[0] if usable else CPU
    if str(index) not in usable:
        raise BadInputError(f"there is no GPU {index} for the server; check `gpu` in [serve]")
    return str(index)


def _choose_port(settings: Settings) -> int:
    """Return the port of $GARAGE_PORT, else of the settings.

    Raises:
        BadInputError: the variable holds no port.
    """
    text = os.environ.get(PORT_VARIABLE, "").strip()
    if not text:
        return settings.serve.port
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise BadInputError(f"{PORT_VARIABLE}={one_line(text, 40)}: give 0 to 65535, or unset it")
    return int(text)


def _gpu_environment(slot: str) -> dict[str, str]:
    # NVML numbers GPUs by PCI bus; CUDA does so only with this variable.
    return {} if slot == CPU else {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": slot}


def _acquire(lock: int, workspace: Workspace, requested: ServerState) -> bool:
    """Acquire the lock; False if a server like the requested one holds it.

    Raises:
        GarageError: another one holds it.
    """
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            pass
        running = inspect(workspace)  # it may be ending, too, or another process is just testing the lock
        if running.base and running.status in LIVE_STATUSES and is_alive(workspace.server):
            if running.base == requested.base and running.runs == requested.runs:
                return False
            offer = running.base + (f" with only {', '.join(running.runs)}" if running.runs else "")
            raise GarageError(
                f"a server for {offer} is running; stop it with `garage serve --stop`, then start this one"
            )
        if time.monotonic() > deadline:
            raise GarageError(f"another server holds {workspace.server / LOCK} but reports no state; see {running.log}")
        time.sleep(0.05)


def _send_signal(state: ServerState, number: signal.Signals) -> bool:
    """Send a signal to the server process; False if it cannot be identified for certain."""
    if state.pid is None or state.pid_started is None:
        return False
    try:
        handle = os.pidfd_open(state.pid)
    except OSError:
        return False
    try:
        # Compared after the handle was opened: from here on the pid cannot pass to another process.
        if process_start(state.pid) != state.pid_started:
            return False
        signal.pidfd_send_signal(handle, number)
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
