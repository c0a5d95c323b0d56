"""The job of a run as its supervisor sees it: start it, wait for its end, write how it ended."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.runs.folder import LOG
from garage_tui.core.runs.record import RESTING
from garage_tui.core.runs.request import requested_action
from garage_tui.core.runs.state_writer import current_state, update_state
from garage_tui.core.scheduling.own_entry import gpus_to_hide
from garage_tui.core.scheduling.wait_for_admission import END_SIGNALS, POLL_SECONDS, WAKE_SIGNALS


@dataclass
class JobEnding:
    """The end of a job: its exit code, and why it ended."""

    code: int
    """Exit code; negative: the signal that killed it."""
    want: str = ""
    """The request that ended it: `stop`, `release`, or `end` by the system."""
    timed_out: bool = False
    """The supervisor killed it, because it did not exit in time."""
    kernel_killed: bool = False
    """The kernel has killed some process for memory meanwhile."""


def spawn_job(module: str, folder: Path, locks: list[int], gpus: tuple[str, ...]) -> int:
    """Start the job of a run with the held locks, on these GPUs (without any, the CPU), and return its process id."""
    environment = dict(os.environ)  # `spawn` made it, without what a shell has left over
    if gpus:  # NVML numbers GPUs by PCI bus, CUDA by speed unless told otherwise
        environment |= {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(gpus)}
    elif gpus_to_hide():
        environment |= {"CUDA_VISIBLE_DEVICES": ""}
    for lock in locks:
        os.set_inheritable(lock, True)
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", module, str(folder), ",".join(map(str, locks))],
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(folder / LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsigmask=[],
    )


def watch_job(folder: Path, job: int, grace: float) -> JobEnding:
    """Wait for the end of the job; pass on requests that cannot wait for its next step."""
    ending, signalled, kills_before = JobEnding(0), 0.0, _kernel_oom_kills()
    while True:
        info = signal.sigtimedwait(WAKE_SIGNALS, POLL_SECONDS)
        if os.waitid(os.P_PID, job, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break
        if not ending.want:
            want = requested_action(folder)
            if want in ("stop", "release"):
                ending.want = want
            elif info is not None and info.si_signo in END_SIGNALS:
                ending.want = "end"
            if ending.want:
                signalled = time.monotonic()
                os.kill(job, signal.SIGTERM)
        elif not ending.timed_out and time.monotonic() - signalled > grace:
            ending.timed_out = True
            os.kill(job, signal.SIGKILL)
    ending.code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    ending.kernel_killed = _kernel_oom_kills() > kills_before
    return ending


def record_end(folder: Path, ending: JobEnding) -> bool:
    """Write the end of the run, unless the job did; return True if it was suspended and has to wait again."""
    state = current_state(folder)
    in_memory = state.state == "paused" and state.ended is None
    by_owner = in_memory and not state.waits  # has its checkpoint, and stays paused whatever happens, but for a stop
    if state.state in RESTING and (not in_memory or (by_owner and ending.want != "stop")):
        return False
    if state.state == "queued" and not ending.code:
        if not ending.want:
            return True
        word = {"stop": "stopped", "release": "paused", "end": "interrupted"}[ending.want]
        update_state(
            folder,
            state=word,
            reason=f"at step {state.step}, while it was being suspended",
            waits="",
            ended=time.time(),
        )
        return False
    early = ending.code == -signal.SIGTERM  # the signal came before the job could handle it
    if ending.timed_out or (ending.want and (early or in_memory)):
        killed = "did not save in time and was killed; progress since its last checkpoint is lost"
        unsaved = "before the first step; there was nothing to save"
        reason = killed if ending.timed_out else f"at step {state.step}, while it was paused" if state.step else unsaved
        word = {"stop": "stopped", "release": "paused", "end": "interrupted"}[ending.want]
        update_state(folder, state=word, reason=reason, phase="", waits="", ended=time.time())
    else:
        nothing = "exited without a final state; see log.txt"
        reason = describe_exit(ending.code, ending.kernel_killed) if ending.code else nothing
        update_state(folder, state="failed", reason=reason, phase="", waits="", ended=time.time())
    return False


def describe_exit(code: int, kernel_killed: bool = False) -> str:
    """Return the meaning of an exit code (negative: a signal) as text."""
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
    """Return how many processes the kernel has killed for memory since it started; 0 if it does not say."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0
