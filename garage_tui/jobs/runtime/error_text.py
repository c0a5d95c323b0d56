"""What went wrong in a job, as one line for a person."""

from __future__ import annotations

import errno
import traceback

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line

_MORE = " (more in log.txt)"


def in_words(error: Exception, *, full_disk: str, out_of_memory: str) -> str:
    """Return `error` as a sentence; the two that a person can mend on this box get the job's own advice.

    Args:
        full_disk: what to do about a full disk.
        out_of_memory: the whole sentence about too little memory.
    """
    if isinstance(error, GarageError):
        return str(error)
    text = str(error)
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "No space left on device" in text:  # safetensors says it in words only
        return f"the disk is full; {full_disk}"
    if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return out_of_memory
    if isinstance(error, ImportError):
        return f"a package is missing ({one_line(text, 120)}); install garage_tui again"
    return f"{type(error).__name__}: {one_line(text, 160)}{_MORE}"


def without_log(error: Exception, *, full_disk: str, out_of_memory: str) -> str:
    """Return `error` as a sentence for whoever waits for a job that has no log; stderr gets what nobody expected whole.

    Arguments are those of `in_words`.
    """
    if not isinstance(error, GarageError):
        traceback.print_exception(error)
    return in_words(error, full_disk=full_disk, out_of_memory=out_of_memory).removesuffix(_MORE)


def told_to_leave(error: BaseException | None) -> bool:
    """Return whether an error came of a signal: what it raised within an import, libraries pass on as errors of theirs
    (Python 3.11 as a RuntimeError out of `__set_name__`, transformers that one as a missing module).
    """
    while error is not None:
        if isinstance(error, SystemExit | KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False
