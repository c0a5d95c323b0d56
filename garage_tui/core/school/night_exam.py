"""The report cards that a night decides by: that of its run, which is made if there is none, and that of what is in
service."""

from __future__ import annotations

import time
from collections.abc import Callable

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.exam.report import Report, read_report
from garage_tui.core.launch import exam_process
from garage_tui.core.runs.record import Run

_POLL_SECONDS = 1.0

Say = Callable[[str], None]
"""Called with what happens, one line each."""


def report_card(run: Run, say: Say) -> Report:
    """Return the report card of a run, which is made if it has none.

    Raises:
        GarageError: it cannot be made.
    """
    try:
        return read_report(run.path)
    except (FileNotFoundError, BadInputError):
        say(f"examining {run.id}")
    process = exam_process.start(run)
    code = process.wait() if process else None
    while process is None and (exam := exam_process.read_exam(run.path)) and exam.running:  # somebody else's
        time.sleep(_POLL_SECONDS)
    try:
        return read_report(run.path)
    except FileNotFoundError:
        reason = exam_process.failure_reason(exam_process.read_exam(run.path), code)
        raise GarageError(f"{run.id} has no report card: {reason}") from None


def old_card(run: Run | None) -> Report | None:
    """Return the report card of what is in service; None of the base model, or where there is none that can be read."""
    if run is None:
        return None
    try:
        return read_report(run.path)
    except (GarageError, OSError):
        return None
