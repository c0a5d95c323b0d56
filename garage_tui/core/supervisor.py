"""The supervisor of one run: starts its job, waits, and writes down how it ended. Light, and nobody's child.

    python -m garage_tui.core.supervisor JOB-MODULE /absolute/run/folder LOCK-FD

It inherits the held lock from whoever started the run and passes it on to the job, so that the run counts as alive for
as long as either lives. Stopping goes through `request.json` or a SIGTERM to this process; both become a SIGTERM to the
job, which saves and leaves. The supervisor signals its own child only, so no pid can be mistaken.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import msgspec

from garage_tui.core.runs import ENDED, LOG, REQUEST, State, read_run, read_state, write_state

_LOOK_SECONDS = 0.5
_WAKE = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def main() -> None:
    module, folder, lock = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAKE)
    run = read_run(folder)
    if run.manifest is None or run.state is None:
        sys.exit(f"{folder}: {run.broken}")
    kills_before = _kernel_oom_kills()
    write_state(folder, msgspec.structs.replace(run.state, state="running", phase="starting", started=time.time()))
    job = _spawn(module, folder, lock)
    asked: float | None = None
    killed = False
    while True:
        info = signal.sigtimedwait(_WAKE, _LOOK_SECONDS)
        if os.waitid(os.P_PID, job, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break
        told = info is not None and info.si_signo in (signal.SIGTERM, signal.SIGINT)
        if asked is None and (told or (folder / REQUEST).exists()):
            asked = time.monotonic()
            os.kill(job, signal.SIGTERM)
        if asked is not None and not killed and time.monotonic() - asked > run.manifest.stop_grace_seconds:
            killed = True
            os.kill(job, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    _close(folder, code, asked is not None, killed, kernel_killed=_kernel_oom_kills() > kills_before)


def _spawn(module: str, folder: Path, lock: int) -> int:
    os.set_inheritable(lock, True)
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", module, str(folder), str(lock)],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(folder / LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsigmask=[],
    )


def _close(folder: Path, code: int, asked: bool, killed: bool, kernel_killed: bool) -> None:
    """Write the end of the run, unless the job already did."""
    try:
        state = read_state(folder)
    except (OSError, msgspec.DecodeError):
        state = State(state="running")
    if state.state in ENDED:
        return
    if killed:
        ending = State(
            state="stopped", reason="did not stop in time and was killed; nothing saved since its last checkpoint"
        )
    elif asked and code == -signal.SIGTERM:  # it came before the job could listen
        ending = State(state="stopped", reason="before the first step; there was nothing to save")
    elif code == 0:
        ending = State(state="failed", reason="left without saying how it ended; see log.txt")
    else:
        ending = State(state="failed", reason=describe_exit(code, kernel_killed))
    write_state(folder, msgspec.structs.replace(state, state=ending.state, reason=ending.reason, ended=time.time()))


def describe_exit(code: int, kernel_killed: bool = False) -> str:
    """Return an exit code (negative: a signal) in words."""
    if code == -signal.SIGKILL and kernel_killed:
        return "killed by the kernel: out of memory; try a smaller batch or model"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"killed by {name} (by hand or by the system)"
    return f"ended with exit code {code}; see the end of log.txt"


def _kernel_oom_kills() -> int:
    """Return how many processes the kernel has killed for memory since it started; 0 where it does not say."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0


if __name__ == "__main__":
    main()
