"""The frame of a job that a command or a night waits for: no run folder, messages on stderr, an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.jobs.runtime.error_text import describe_without_log


def exit_code_of(work: Callable[[], object], *, folder: Path, full_disk: str, out_of_memory: str) -> int:
    """Do the work of a job and return its exit code: 0 done, 1 failed, 2 bad input, 130 interrupted.

    Why it failed is a sentence on stderr.

    Args:
        folder, full_disk, out_of_memory: as in `error_text.describe_error`.
    """
    try:
        work()
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        message = describe_without_log(error, folder=folder, full_disk=full_disk, out_of_memory=out_of_memory)
        print(message, file=sys.stderr, flush=True)
        return 2 if isinstance(error, BadInputError) else 1
    return 0


def say_on_stderr(text: str) -> None:
    """Print a progress message."""
    print(text, file=sys.stderr, flush=True)
