"""The exam of a run as a process of its own, which writes the report card.

Its messages go to `exam.txt` in the run folder, below a line with the time of its start. The process holds a lock on
that file while it runs, so that every other process can see it. It outlives the command or app that started it, and
writes `report.json`.
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
from garage_tui.core.base.locked_file import locked_soon
from garage_tui.core.base.safe_open import log_file, open_regular
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.exam.report import REPORT
from garage_tui.core.runs.base_source import base_source
from garage_tui.core.runs.record import Run

EXAM_LOG = "exam.txt"
JOB = "garage_tui.jobs.exam"


@dataclass(frozen=True)
class ExamProcess:
    """The state of the newest exam of a run that was started on demand."""

    running: bool
    started: float
    """Seconds since 1970."""
    messages: tuple[str, ...]
    """Its messages so far, sanitised; after a failure the last one says why."""


def refusal(run: Run) -> str:
    """Return why a run cannot be examined now, as a sentence; empty where it can."""
    if not run.over:
        doing = {"queued": "is waiting in the queue", "paused": "is paused"}.get(run.status, "is still training")
        if run.status == "running" and run.state and 0 < run.state.total_steps <= run.state.step:
            return f"{run.id} has finished training and is being examined: its report card is ready in a minute or two"
        return f"{run.id} {doing}: the report card is made at its end"
    if run.manifest is None:
        return f"{run.id} cannot be read: {one_line(run.broken)}"
    if run.draws:
        return f"{run.id} is a diffusion run: its report card is made at its end and cannot be made again"
    if run.adapter is None:
        reason = f": {one_line(run.reason)}" if run.reason else ""
        advice = f"; resume it with `garage resume {run.id}`" if run.resumable else ""
        return f"{run.id} has no adapter to examine ({run.status}{reason}){advice}"
    return ""


def start(run: Run) -> subprocess.Popen[bytes] | None:
    """Start an exam in a session of its own and return its process; None if one is running already.

    Raises:
        BadInputError: the run cannot be examined now.
        GarageError: it needs more memory than is free, or the process cannot be started.
    """
    from garage_tui.core.base.child_environment import (
        environment,  # 60 ms, and most readers of a report card start no exam
    )

    if reason := refusal(run):
        raise BadInputError(reason)
    try:
        with log_file(run.path / EXAM_LOG) as says:
            if not locked_soon(says.fileno()):
                return None
            check_memory(run)
            says.truncate(0)
            says.write(f"{time.time():.3f}\n".encode())
            says.flush()
            return subprocess.Popen(
                [sys.executable, "-P", "-m", JOB, str(run.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # the verdict, which is in the report card too
                stderr=says,  # the process inherits the lock
                start_new_session=True,
                env=environment(shares_cores=True),
            )
    except OSError as error:
        raise GarageError(f"{run.id} cannot be examined: {why_not_written(error, run.path)}") from error


def check_memory(run: Run) -> None:
    """Refuse an exam that needs more memory than is free: the kernel might kill a run or a server instead.

    Raises:
        GarageError: less is free than it needs.
    """
    from garage_tui.core.hardware import gpus
    from garage_tui.core.launch.rerun import recipe_of
    from garage_tui.core.models.base_models import find
    from garage_tui.core.scheduling.admission import check_memory_free
    from garage_tui.core.scheduling.slots import CPU
    from garage_tui.core.training.estimate import exam_memory

    assert run.manifest is not None  # `refusal` has checked it
    try:
        recipe = recipe_of(run, base=base_source(run.manifest))
        needs = exam_memory(recipe, find(recipe.base))
    except BadInputError:
        return  # a recipe of another version: the exam itself reports what is missing
    slot = next((str(reading.index) for reading in gpus.usable()), CPU)
    advice = "wait for the other runs (`garage runs` lists them), or stop the model server (`garage serve --stop`)"
    check_memory_free(f"an exam of {run.id}", needs, slot, advice)


def read_exam(folder: Path) -> ExamProcess | None:
    """Return the state of the newest exam that was started on demand; None if there was none."""
    path = folder / EXAM_LOG
    try:
        with open_regular(path) as says:
            running = not locked_soon(says.fileno(), 0, fcntl.LOCK_SH)  # before the messages, so that none is missed
            started, *lines = decoded(says.read()).split("\n")
        return ExamProcess(running, float(started), tuple(filter(None, map(one_line, lines))))
    except (OSError, ValueError):
        return None


def report_stamp(folder: Path) -> tuple[int, int] | None:
    """Return what changes whenever the report card is written; None if there is none."""
    try:
        stat = (folder / REPORT).stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def stop(process: subprocess.Popen[bytes]) -> None:
    """Cancel an exam; an older report card stays as it is."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    process.wait()


def failure_reason(exam: ExamProcess | None, code: int | None) -> str:
    """Return in a sentence why an exam ended without a report card.

    Args:
        code: the exit code; None if another process started the exam.
    """
    from garage_tui.core.scheduling.job_process import describe_exit

    last = exam.messages[-1] if exam and exam.messages else ""
    if code in (1, 2) and last:
        return last
    ended = f"the exam ended without a report card{f' ({describe_exit(code)})' if code and code < 0 else ''}"
    return f"{ended}; its last message: {last}" if last else ended
