"""The supervisor of a run at another place: the scheduler there starts it. Hours and sun were waited for at home.

    python -m garage_tui.core.scheduling.supervisor_at_place /absolute/run/folder VERSION JOB-MODULE

It holds `place.lock`, because two jobs in one folder are the one thing that must never be, and passes it on to the job.
A SIGTERM without a request is the scheduler's: the time limit is near, or the job is to make room. The run then saves,
and the exit code says that it would go on.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from garage_tui import __version__
from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import log_file
from garage_tui.core.hardware.gpus import read as read_gpus
from garage_tui.core.places.batch_scheduler import GOES_ON
from garage_tui.core.runs.checkpoints import newest_sealed_step
from garage_tui.core.runs.folder import ENDED, LOG
from garage_tui.core.runs.place_record import PLACE_LOCK
from garage_tui.core.runs.record import Manifest, read_run
from garage_tui.core.runs.request import requested_action
from garage_tui.core.runs.state_writer import append_event, current_state, update_state
from garage_tui.core.scheduling.job_process import record_end, watch_job
from garage_tui.core.scheduling.wait_for_admission import WAKE_SIGNALS

_LOCK_SECONDS = 90.0
"""How long the job of before may take to save and exit."""
_TAKEN = 3
"""Exit code where another job works in the folder."""
_PR_SET_PDEATHSIG = 1


def main() -> int:
    folder, version, module = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    signal.pthread_sigmask(signal.SIG_BLOCK, WAKE_SIGNALS)
    lock = _take_lock(folder)
    if lock is None:
        _say(f"another job works in {folder}: this one does nothing")
        return _TAKEN
    run = read_run(folder)
    if run.manifest is None or run.state is None:
        _say(f"{folder}: {run.broken}")
        return 1
    if run.state.state in ENDED:  # the scheduler starts a job again whose run has ended
        return 0
    if version != __version__:
        return _fail(
            folder, f"the place has garage_tui {__version__}, and home has {version}: install the same version"
        )
    if (action := requested_action(folder)) is not None:
        return _do_not_start(folder, action)
    try:
        return _work(module, folder, run.manifest, lock)
    except (GarageError, OSError) as error:
        return _fail(folder, f"the job could not be started there: {error}")


def _work(module: str, folder: Path, manifest: Manifest, lock: int) -> int:
    """Have the job work, and return the exit code."""
    before, saved = current_state(folder), newest_sealed_step(folder)
    gpus = visible_gpus(os.environ.get("CUDA_VISIBLE_DEVICES"))
    host = os.uname().nodename
    append_event(folder, "place", place=manifest.place, host=host, gpus=list(gpus))
    update_state(
        folder,
        state="running",
        phase="starting",
        phase_done=0,
        phase_total=0,
        phase_started=time.time(),
        reason="",
        waits="",
        started=before.started or time.time(),
        ended=None,
        gpus=gpus,
    )
    ending = watch_job(folder, _spawn(module, folder, lock), manifest.stop_grace_seconds)
    record_end(folder, ending)
    after = current_state(folder)
    if ending.want != "end" or after.state != "interrupted":
        return 0 if after.state in ("finished", "stopped", "paused") else 1
    # After a crash the step that the state shows is ahead of the checkpoint from which the run went on.
    if after.step <= before.step and newest_sealed_step(folder) <= saved:
        return _fail(
            folder, f"{manifest.place} ended the job before it took a step: a longer time limit (--time) lets it go on"
        )
    reason = f"cut off by {manifest.place} at step {after.step}; it is saved and goes on there"
    update_state(folder, state="queued", waits="place", reason=reason, ended=None, gpus=())
    return GOES_ON


def visible_gpus(variable: str | None) -> tuple[str, ...]:
    """Return the indices of the GPUs that the scheduler gave the job, by CUDA_VISIBLE_DEVICES; empty without any.

    Args:
        variable: indices, or UUIDs; None where the scheduler did not set it: then all that are there.
    """
    readings = read_gpus()
    if variable is None:
        return tuple(str(reading.index) for reading in readings)
    by_uuid = {reading.uuid: str(reading.index) for reading in readings}
    names = [name.strip() for name in variable.split(",")]
    found = [by_uuid.get(name, name) for name in names]
    return tuple(name for name in found if name.isdecimal())  # a part of a GPU (MIG) has no index of its own


def _take_lock(folder: Path) -> int | None:
    """Take `place.lock`, once the job of before has saved; None if another job keeps it."""
    lock = os.open(folder / PLACE_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError:
            if time.monotonic() > end:
                return None
            time.sleep(0.5)


def _spawn(module: str, folder: Path, lock: int) -> int:
    """Start the job, which gets SIGTERM if this process is killed: it saves, and does not outlive its allocation."""
    libc = ctypes.CDLL(None, use_errno=True)

    def end_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    variables = environment(shares_cores=module == "garage_tui.jobs.lora")
    if "CUDA_VISIBLE_DEVICES" in variables:  # the scheduler numbers GPUs as NVML does, by PCI bus
        variables["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    with log_file(folder / LOG) as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(folder), str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            env=variables,
            preexec_fn=end_with_parent,  # safe: this process has one thread
        ).pid


def _do_not_start(folder: Path, action: str) -> int:
    """End a run whose owner has changed their mind while it waited."""
    state, reason = {"stop": ("stopped", "by you, before it began")}.get(action, ("paused", "by you, before it began"))
    update_state(folder, state=state, reason=reason, waits="", ended=time.time())
    append_event(folder, "ended", state=state, reason=reason)
    return 0


def _fail(folder: Path, reason: str) -> int:
    update_state(folder, state="failed", reason=reason, phase="", waits="", ended=time.time())
    append_event(folder, "ended", state="failed", reason=reason)
    _say(reason)
    return 1


def _say(text: str) -> None:
    """Print a message where the scheduler keeps the output of its jobs: `place.txt`."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
