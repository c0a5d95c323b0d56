"""The supervisor of one run: waits for its turn, starts its job, and writes down how it ended. Light, nobody's child.

    python -m garage_tui.core.scheduling.supervisor JOB-MODULE /absolute/run/folder LOCK-FD

It inherits the held lock from whoever started the run and passes it on to the job, together with those of the slots
that it works on, so that the run counts as alive, and its GPU as taken, for as long as either lives. Wishes go through
`request.json`. A SIGTERM without one is the system's (a shutdown): the job saves and leaves, and the run can be
resumed. The supervisor signals its own child only, so no pid can be mistaken.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.runs.folder import LOG
from garage_tui.core.runs.record import RESTING, Manifest, read_run
from garage_tui.core.runs.request import requested_action
from garage_tui.core.runs.state_writer import append_event, current_state, update_state
from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.wait_for_admission import END_SIGNALS, POLL_SECONDS, WAKE_SIGNALS, wait_for_admission


@dataclass
class Ending:
    """What is known about how the job came to its end."""

    code: int
    """Exit code; negative: the signal that killed it."""
    want: str = ""
    """What it was asked for: `stop`, `release`, or `end` by the system."""
    out_of_patience: bool = False
    """It was killed here, because it did not leave in time."""
    kernel_killed: bool = False
    """The kernel has killed something for memory meanwhile."""


def main() -> None:
    module, folder, lock = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    signal.pthread_sigmask(signal.SIG_BLOCK, WAKE_SIGNALS)
    run = read_run(folder)
    if run.manifest is None or run.state is None:
        sys.exit(f"{folder}: {run.broken}")
    entry = queue.find(folder)  # it is taken out of the queue with its turn
    while _work(module, folder, run.manifest, lock):
        with contextlib.suppress(GarageError):  # who does not stand there enters again by himself, as a CPU's
            queue.enter([entry])
    os.close(lock)  # the run has ended, however long telling it takes
    _tell(folder)


def _work(module: str, folder: Path, manifest: Manifest, lock: int) -> bool:
    """Wait for the run's turn and do its work; True where it has left for now and waits again."""
    try:
        turn = wait_for_admission(folder, manifest.limits, manifest.memory)
    except GarageError as error:
        update_state(folder, state="failed", reason=str(error), ended=time.time())
        return False
    if turn is None:
        return False
    gpus = tuple(slot for slot in turn.slots if slot != queue.CPU)
    started = current_state(folder).started or time.time()
    update_state(folder, state="running", phase="starting", reason="", waits="", started=started, ended=None, gpus=gpus)
    with _power_cap(folder, gpus, manifest.limits):
        ending = _watch(folder, _spawn(module, folder, [lock, *turn.locks], gpus), manifest.stop_grace_seconds)
    again = _close(folder, ending)
    turn.close()
    return again


@contextlib.contextmanager
def _power_cap(folder: Path, gpus: tuple[str, ...], care: RunLimits) -> Iterator[None]:
    """Hold the power cap of the run's GPUs down, where its owner wants that, and put it back whatever happens."""
    if not gpus:
        yield
        return
    from garage_tui.core.hardware import power_cap  # not for a supervisor on a processor: it stays small

    power_cap.put_back()  # of a run whose processes were all killed
    if not care.power_cap_w:
        yield
        return
    with power_cap.lowered(folder, tuple(map(int, gpus)), care.power_cap_w) as said:
        for sentence in said:
            _log(folder, sentence)
        yield
    for sentence in power_cap.put_back(folder):
        _log(folder, sentence)


def _spawn(module: str, folder: Path, locks: list[int], gpus: tuple[str, ...]) -> int:
    environment = dict(os.environ)
    if gpus:  # NVML counts by PCI bus, CUDA by speed unless told
        environment |= {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(gpus)}
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


def _watch(folder: Path, job: int, grace: float) -> Ending:
    """Wait for the job's end; pass wishes on that cannot wait for its next step."""
    ending, asked, kills_before = Ending(0), 0.0, _kernel_oom_kills()
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
                asked = time.monotonic()
                os.kill(job, signal.SIGTERM)
        elif not ending.out_of_patience and time.monotonic() - asked > grace:
            ending.out_of_patience = True
            os.kill(job, signal.SIGKILL)
    ending.code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    ending.kernel_killed = _kernel_oom_kills() > kills_before
    return ending


def _close(folder: Path, ending: Ending) -> bool:
    """Write the end of the run, unless the job already did; return True where it has left for now and waits again."""
    state = current_state(folder)
    if state.state in RESTING:  # one that waited in memory has its checkpoint: nothing is lost
        return False
    if state.state == "queued" and not ending.code:
        if not ending.want:
            return True
        word = {"stop": "stopped", "release": "paused", "end": "interrupted"}[ending.want]
        update_state(
            folder, state=word, reason=f"at step {state.step}, while it was leaving", waits="", ended=time.time()
        )
        return False
    early = ending.code == -signal.SIGTERM  # the signal came before the job could listen
    if ending.out_of_patience or (ending.want and early):
        late = "did not save in time and was killed; what it learnt since its last checkpoint is lost"
        reason = late if ending.out_of_patience else "before the first step; there was nothing to save"
        word = {"stop": "stopped", "release": "paused", "end": "interrupted"}[ending.want]
        update_state(folder, state=word, reason=reason, phase="", ended=time.time())
    else:
        nothing = "left without saying how it ended; see log.txt"
        reason = describe_exit(ending.code, ending.kernel_killed) if ending.code else nothing
        update_state(folder, state="failed", reason=reason, phase="", ended=time.time())
    return False


def _log(folder: Path, sentence: str) -> None:
    """Say something that the owner should know, to the events and the log, while the job does not write."""
    append_event(folder, "power", text=sentence)
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


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


def _tell(folder: Path) -> None:
    """Start the process that tells the owner; it is too big to live here, and nobody waits for it."""
    with contextlib.suppress(OSError):
        os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", "garage_tui.core.scheduling.notify", str(folder)],
            os.environ,
            setsigmask=[],
        )


if __name__ == "__main__":
    main()
