"""Error messages of jobs: an exception as one line for the user."""

from __future__ import annotations

import traceback
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import shortage

_MORE = "; log.txt has the details"


def describe_error(error: Exception, *, folder: Path, full_disk: str, out_of_memory: str) -> str:
    """Return `error` as one sentence; a full disk and too little memory get the job's own advice.

    Args:
        folder: what the job writes to, for an error that does not name a file.
        full_disk: what to do about a full disk.
        out_of_memory: the whole sentence about too little memory.
    """
    if isinstance(error, GarageError):
        return str(error)
    text = str(error)
    if reason := shortage(error, folder, full_disk):
        return reason
    if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return out_of_memory
    if isinstance(error, ImportError):
        return f"a package is missing ({one_line(text, 120)}); install garage_tui again"
    cause = f"{type(error).__name__}: {one_line(text, 160)}" if text.strip() else type(error).__name__
    return f"something went wrong that nobody expected ({cause}){_MORE}"


def describe_without_log(error: Exception, *, folder: Path, full_disk: str, out_of_memory: str) -> str:
    """Return `error` as one sentence for a job without a log; the traceback of an unexpected error goes to stderr.

    Arguments are those of `describe_error`.
    """
    if not isinstance(error, GarageError):
        traceback.print_exception(error)
    return describe_error(error, folder=folder, full_disk=full_disk, out_of_memory=out_of_memory).removesuffix(_MORE)


def is_termination(error: BaseException | None) -> bool:
    """Return whether an error was caused by a signal.

    An exception that a signal raises within an import is wrapped by libraries (by Python 3.11 as a RuntimeError of
    `__set_name__`, by transformers as a missing module).
    """
    while error is not None:
        if isinstance(error, SystemExit | KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False
