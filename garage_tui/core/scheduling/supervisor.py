"""The supervisor of one run: a small process that waits in the queue, starts the job, and records how it ended.

    python -m garage_tui.core.scheduling.supervisor JOB-MODULE /absolute/run/folder LOCK-FD

It inherits the held lock from the process that started the run, and passes it on to the job with the locks of the
slots, so that the run counts as alive, and its GPU as taken, while either process lives. Requests arrive in
`request.json`. A SIGTERM without a request is a shutdown of the system: the job saves and exits, and the run can be
resumed. The supervisor only signals its own child, so it cannot hit a wrong pid.

For a run at another place it watches the job there instead (`core/places/watch.py`); its counterpart there is
`supervisor_at_place.py`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.runs.record import Manifest, read_run
from garage_tui.core.runs.state_writer import append_event, current_state, update_state
from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.job_process import record_end, spawn_job, watch_job
from garage_tui.core.scheduling.own_entry import own_entry
from garage_tui.core.scheduling.slots import CPU
from garage_tui.core.scheduling.wait_for_admission import WAKE_SIGNALS, wait_for_admission


def main() -> None:
    module, folder, lock = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    signal.pthread_sigmask(signal.SIG_BLOCK, WAKE_SIGNALS)
    run = read_run(folder)
    if run.manifest is None or run.state is None:
        sys.exit(f"{folder}: {run.broken}")
    if run.manifest.place:
        from garage_tui.core.places.follow import follow_at_place  # not for a supervisor of this box, which stays small

        ended = follow_at_place(module, folder, run.manifest)
        os.close(lock)
        if ended:
            _notify(folder)
        return
    entry = own_entry(folder, run.manifest)  # it leaves the queue when it is admitted
    while _run_once(module, entry, run.manifest, lock):
        with contextlib.suppress(GarageError):  # a run that is not in the queue enters again by itself
            queue.enter([entry])
    os.close(lock)  # the run has ended, however long the notification takes
    _notify(folder)


def _run_once(module: str, entry: queue.QueueEntry, manifest: Manifest, lock: int) -> bool:
    """Wait for admission and run the job; return True if it was suspended and has to wait again."""
    folder = Path(entry.folder)
    try:
        admission = wait_for_admission(entry, manifest.limits, manifest.memory)
    except GarageError as error:
        update_state(folder, state="failed", reason=str(error), ended=time.time())
        return False
    if admission is None:
        return False
    gpus = tuple(slot for slot in admission.slots if slot != CPU)
    started = current_state(folder).started or time.time()
    phase = {"phase": "starting", "phase_done": 0, "phase_total": 0, "phase_started": time.time()}
    update_state(folder, state="running", **phase, reason="", waits="", started=started, ended=None, gpus=gpus)
    with _power_cap(folder, gpus, manifest.limits):
        job = spawn_job(module, folder, [lock, *admission.locks], gpus)
        ending = watch_job(folder, job, manifest.stop_grace_seconds)
    suspended = record_end(folder, ending)
    admission.close()
    return suspended


@contextlib.contextmanager
def _power_cap(folder: Path, gpus: tuple[str, ...], limits: RunLimits) -> Iterator[None]:
    """Lower the power cap of the run's GPUs, if its limits say so, and restore it in every case."""
    if not gpus:
        yield
        return
    from garage_tui.core.hardware import power_cap  # not for a supervisor on a CPU, which stays small

    power_cap.put_back()  # after a run whose processes were all killed
    if not limits.power_cap_w:
        yield
        return
    try:
        with power_cap.lowered(folder, tuple(map(int, gpus)), limits.power_cap_w) as messages:
            for sentence in messages:
                _log(folder, sentence)
            yield
    finally:
        for sentence in power_cap.put_back(folder):
            _log(folder, sentence)


def _log(folder: Path, sentence: str) -> None:
    """Write a message to the events and the log, while the job does not write; on a full disk it is left out."""
    append_event(folder, "power", text=sentence)
    with contextlib.suppress(OSError):  # a run must not end, nor keep a power cap, for the sake of a message
        sys.stdout.write(f"{sentence}\n")
        sys.stdout.flush()


def _notify(folder: Path) -> None:
    """Start the process that sends the notifications; it is too large for this process, and nothing waits for it."""
    with contextlib.suppress(OSError):
        os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", "garage_tui.core.scheduling.notify", str(folder)],
            os.environ,
            setsigmask=[],
        )


if __name__ == "__main__":
    main()
