"""The exam of a run as a process of its own, started by the command line and by the app in the same way.

What it says goes to `exam.txt` in the run folder, below a line with the time of its start. The process holds a lock on
that file for as long as it lives, so that everybody sees that it goes on, whoever started it; it goes on without them.
What comes of it is `report.json`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.safe_open import log_file, open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.report import REPORT
from garage_tui.core.runs.record import Run

EXAM_LOG = "exam.txt"
JOB = "garage_tui.jobs.exam"
_LOCK_SECONDS = 0.5  # somebody may just be looking whether it is held


@dataclass(frozen=True)
class ExamProcess:
    """A look at the newest exam of a run that was started on demand."""

    running: bool
    started: float
    """Seconds since 1970."""
    messages: tuple[str, ...]
    """Its sentences so far, cleaned; after a failure the last one says why."""


def refusal(run: Run) -> str:
    """Return why a run cannot be examined now, as a sentence; empty where it can."""
    if not run.over:
        doing = {"queued": "is waiting for its turn", "paused": "is paused"}.get(run.status, "is still training")
        if run.status == "running" and run.state and 0 < run.state.total_steps <= run.state.step:
            return f"{run.id} has taken its last step and is being examined: the card is here in a minute or two"
        return f"{run.id} {doing}: the card comes at its end"
    if run.manifest is None:
        return f"{run.id} cannot be read: {one_line(run.broken)}"
    if run.draws:
        return f"{run.id} has learned to draw: its card was made at its end, and there is nothing to examine again"
    if run.adapter is None:
        reason = f": {one_line(run.reason)}" if run.reason else ""
        mend = f"; `garage resume {run.id}` has it go on" if run.resumable else ""
        return f"{run.id} has no adapter to examine ({run.status}{reason}){mend}"
    return ""


def start(run: Run) -> subprocess.Popen[bytes] | None:
    """Start an exam in a session of its own and return its process; None where one is going on already.

    Raises:
        BadInputError: the run cannot be examined now.
        GarageError: it needs more memory than is free, or the process cannot be started.
    """
    from garage_tui.core.base.child_environment import environment  # 60 ms, and most looks at a card start nothing

    if reason := refusal(run):
        raise BadInputError(reason)
    try:
        with log_file(run.path / EXAM_LOG) as says:
            if not _lock(says.fileno()):
                return None
            _must_fit(run)
            says.truncate(0)
            says.write(f"{time.time():.3f}\n".encode())
            says.flush()
            return subprocess.Popen(
                [sys.executable, "-P", "-m", JOB, str(run.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # the verdict, which is in the card too
                stderr=says,  # the lock goes with it
                start_new_session=True,
                env=environment(shares_cores=True),
            )
    except OSError as error:
        raise GarageError(f"{run.id} cannot be examined: {error.strerror or error}") from error


def _must_fit(run: Run) -> None:
    """Refuse an exam that would not get its memory: the kernel might take it from a run or a server instead.

    Raises:
        GarageError: less is free than it needs.
    """
    from garage_tui.core.hardware import gpus
    from garage_tui.core.launch.rerun import recipe_of
    from garage_tui.core.models.base_models import find
    from garage_tui.core.scheduling.admission import check_memory_free
    from garage_tui.core.scheduling.queue import CPU
    from garage_tui.core.training.estimate import exam_memory

    assert run.manifest is not None  # why_not has looked
    base = run.manifest.base.get("path") or run.manifest.base.get("name")
    try:
        recipe = recipe_of(run, base=base)
        needs = exam_memory(recipe, find(recipe.base))
    except BadInputError:
        return  # of another version: the exam itself says what it lacks
    slot = next((str(reading.index) for reading in gpus.usable()), CPU)
    otherwise = "wait for what else is at work (`garage runs`), or end the model server (`garage serve --stop`)"
    check_memory_free(f"an exam of {run.id}", needs, slot, otherwise)


def read_exam(folder: Path) -> ExamProcess | None:
    """Return what the newest exam that was started on demand says now; None where there was none."""
    path = folder / EXAM_LOG
    try:
        with open_regular(path) as says:
            going = not _lock(says.fileno(), fcntl.LOCK_SH, patience=0)  # before the words: then none is missed
            began, *lines = says.read().decode(errors="replace").split("\n")
        return ExamProcess(going, float(began), tuple(filter(None, map(one_line, lines))))
    except (OSError, ValueError):
        return None


def report_stamp(folder: Path) -> tuple[int, int] | None:
    """Return what tells a report card from an older one; None where there is none."""
    try:
        stat = (folder / REPORT).stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def stop(process: subprocess.Popen[bytes]) -> None:
    """End an exam before its time; an older card is as it was."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    process.wait()


def failure_reason(exam: ExamProcess | None, code: int | None) -> str:
    """Return as a sentence why an exam ended without a card.

    Args:
        code: the exit code; None where somebody else started it.
    """
    from garage_tui.core.scheduling.supervisor import describe_exit

    last = exam.messages[-1] if exam and exam.messages else ""
    if code in (1, 2) and last:
        return last
    ended = f"the exam ended without a card{f' ({describe_exit(code)})' if code and code < 0 else ''}"
    return f"{ended}; its last words: {last}" if last else ended


def _lock(descriptor: int, kind: int = fcntl.LOCK_EX, patience: float = _LOCK_SECONDS) -> bool:
    """Take a lock; False where an exam holds it."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
        time.sleep(0.02)
