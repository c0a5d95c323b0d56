"""A night as a process of its own, which outlives the app that started it."""

from __future__ import annotations

import subprocess
import sys
import time

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import log_file
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.school.night_log import is_at_work

LOG = "school.txt"
"""Name of the file in `checkpoints/` with the messages of the newest pass that the app started."""
_SECONDS = 10.0


def start_pass(workspace: Workspace, *, again: bool = False) -> subprocess.Popen[bytes]:
    """Start `garage school` in a session of its own and return its process once it is at work, or has ended.

    Raises:
        GarageError: another pass is at work, or the process cannot be started.
    """
    from garage_tui.core.base.child_environment import environment

    if is_at_work(workspace):
        raise GarageError("a night is under way already")
    file = workspace.checkpoints / LOG
    command = [sys.executable, "-P", "-m", "garage_tui", "--workspace", str(workspace.root), "school"]
    try:
        workspace.checkpoints.mkdir(parents=True, exist_ok=True)
        with log_file(file) as messages:
            messages.truncate(0)
            process = subprocess.Popen(
                [*command, "--again"] if again else command,
                stdin=subprocess.DEVNULL,
                stdout=messages,
                stderr=messages,
                start_new_session=True,
                env=environment(),
            )
    except OSError as error:
        raise GarageError(f"{file} cannot be written: {why_not_written(error, file)}") from error
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and not is_at_work(workspace) and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


def last_message(workspace: Workspace) -> str:
    """Return the last message of the newest pass that the app started; empty without any."""
    try:
        lines = decoded((workspace.checkpoints / LOG).read_bytes()[-4000:]).splitlines()
    except OSError:
        return ""
    return next((one_line(line, 300) for line in reversed(lines) if line.strip()), "")
