"""The paired exam as a process of its own: the questions of a run, asked of it and of the run in service."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.exam.paired_answers import PairedAnswers, read_paired
from garage_tui.core.launch.exam_process import check_memory
from garage_tui.core.runs.record import Run

JOB = "garage_tui.jobs.paired_exam"


def ask_both(run: Run, served: Run | None) -> PairedAnswers:
    """Ask the questions of a run's report card of it and of the run in service; return the answers.

    Blocks for a minute or so. Whoever interrupts it interrupts the job too.

    Raises:
        GarageError: less memory is free than it needs, or the job failed; the text is its last message.
    """
    from garage_tui.core.base.child_environment import environment

    check_memory(run)
    folders = [str(run.path), *([str(served.path)] if served else [])]
    with tempfile.TemporaryFile() as messages:
        job = subprocess.Popen(
            [sys.executable, "-P", "-m", JOB, *folders],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=messages,
            env=environment(shares_cores=True),
        )
        try:
            code = job.wait()
        finally:
            if job.poll() is None:
                job.terminate()
                job.wait()
        if code:
            messages.seek(0)
            lines = [one_line(line, 400) for line in decoded(messages.read()[-20_000:]).splitlines()]
            last = next((line for line in reversed(lines) if line), f"it ended with code {code}")
            raise GarageError(f"{run.id} could not be compared with what is in service: {last}")
    return read_paired(Path(run.path))
