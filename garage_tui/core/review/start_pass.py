"""A pass over a document as a process of its own, which outlives the app that started it."""

from __future__ import annotations

import subprocess
import sys
import time

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import log_file
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.review.pass_record import PASS_SUFFIX, is_proposing, pass_path

LOG_SUFFIX = ".pass.txt"
_SECONDS = 15.0


def start_proposing(workspace: Workspace, name: str) -> str:
    """Start `garage read NAME --propose` in a session of its own; return once it is at work, or has ended.

    Return what it said last if it has failed by then; empty if not. It blocks.

    Raises:
        GarageError: a pass over the document is at work already, or no process can be started.
    """
    progress = pass_path(workspace, name)
    if is_proposing(progress):
        raise GarageError("facts are being proposed from this document already")
    log = progress.with_name(progress.name.removesuffix(PASS_SUFFIX) + LOG_SUFFIX)
    command = [sys.executable, "-P", "-m", "garage_tui", "--workspace", str(workspace.root), "read", "--propose", "--"]
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log_file(log, fresh=True) as messages:
            process = subprocess.Popen(
                [*command, name],
                stdin=subprocess.DEVNULL,
                stdout=messages,
                stderr=messages,
                start_new_session=True,
                env=environment(),
            )
    except (OSError, ValueError) as error:
        why = why_not_written(error, log) if isinstance(error, OSError) else str(error)
        raise GarageError(f"{one_line(str(log), 300)} cannot be written: {why}") from error
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and not is_proposing(progress) and time.monotonic() < deadline:
        time.sleep(0.05)
    if not process.poll():
        return ""
    try:
        lines = [one_line(line, 400) for line in decoded(log.read_bytes()[-4000:]).splitlines()]
    except OSError:
        lines = []
    return next((line.removeprefix("garage: ") for line in reversed(lines) if line), "it could not be read")
