"""What keeps the box from sleeping while a run or a night works: systemd-inhibit(1), if the box has it.

An inhibitor ends by itself with what it was started for, so one that nobody ended never keeps a box awake for good.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.runs.folder import LOCK
from garage_tui.core.settings.settings import Workspace, load_settings


@contextlib.contextmanager
def awake(why: str) -> Iterator[None]:
    """Keep the box from sleeping until the end of the block, or of this process; without systemd nothing happens."""
    inhibitor = _inhibit(why, ("tail", f"--pid={os.getpid()}", "-f", "/dev/null"))
    try:
        yield
    finally:
        if inhibitor is not None:
            inhibitor.terminate()
            inhibitor.wait()


def keep_awake_for(run: Path) -> None:
    """Keep the box from sleeping as long as a run lives, if the settings of its workspace let the box sleep.

    The inhibitor waits for the run's lock, so it ends with the run, and outlives whoever started it.
    """
    try:
        if not load_settings(Workspace(run.parent.parent)).school.suspend:
            return
    except BadInputError:  # whoever reads the settings next says what is wrong with them
        return
    _inhibit(f"{run.name} works", ("flock", "--shared", str(run / LOCK), "true"))


def _inhibit(why: str, command: Sequence[str]) -> subprocess.Popen[bytes] | None:
    if shutil.which("systemd-inhibit") is None:
        return None
    inhibitor = ["systemd-inhibit", "--what=sleep", "--who=garage", f"--why={why}", "--mode=block"]
    try:
        return subprocess.Popen(
            [*inhibitor, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None
