"""The sleep of the box after a night: when nobody uses it, until the next one.

The programs are those of systemd and util-linux: systemctl(1) and rtcwake(8).
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.hardware import gpus
from garage_tui.core.hardware.finding import Finding
from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.slots import CPU
from garage_tui.core.serving.server_state import LIVE_STATUSES, inspect
from garage_tui.core.settings.settings import Workspace

IDLE_SECONDS = 15 * 60.0
"""Somebody who has typed nothing for so long does not use the box."""
LEAST_SECONDS = 10 * 60.0
"""A sleep that would be shorter is not worth it."""
RTCWAKE = (
    "Only root may set it: allow it with a line for your user in /etc/sudoers.d, such as "
    "`anna ALL=(root) NOPASSWD: /usr/sbin/rtcwake`"
)
"""What to do where the clock cannot be set."""
_SECONDS = 30.0
PROGRAMS = ("systemctl", "systemd-inhibit", "rtcwake", "flock")
"""What the box needs to sleep after a night, and to be kept awake by a run."""


def why_not_suspend(workspace: Workspace, now: float) -> str:
    """Return why the box must not sleep now, as the beginning of a sentence; empty if it may."""
    import psutil

    if missing := missing_programs():
        return f"{', '.join(missing)} is missing: {_where(missing)}"
    for user in psutil.users():
        terminal = Path("/dev") / (user.terminal or "")
        with contextlib.suppress(OSError):
            if user.terminal and now - terminal.stat().st_atime < IDLE_SECONDS:
                return f"{one_line(user.name, 40)} is logged in and has just typed"
    if inspect(workspace).status in LIVE_STATUSES:
        return "a model server answers here"
    if waiting := len(queue.order()):
        return f"{plural(waiting, 'run')} {'waits' if waiting == 1 else 'wait'} in the queue"
    slots = [CPU, *(str(gpu.index) for gpu in gpus.usable())]
    return "a run is at work" if any(map(queue.is_taken, slots)) else ""


def suspend(wake_at: datetime) -> None:
    """Set the clock that wakes the box, and suspend it; returns once it is awake again.

    Raises:
        GarageError: the clock cannot be set, or the box cannot sleep; it stays awake then.
    """
    if (wake_at - datetime.now()).total_seconds() < LEAST_SECONDS:
        raise GarageError("the next night begins too soon to sleep before it")
    moment = str(int(wake_at.timestamp()))
    set_clock = ["rtcwake", "--mode", "no", "--time", moment]
    if (problem := _failure(set_clock)) and _failure(["sudo", "-n", *set_clock]):
        raise GarageError(f"the clock that wakes the box cannot be set: {problem}. {RTCWAKE}")
    if problem := _failure(["systemctl", "suspend"]):
        raise GarageError(f"the box cannot sleep: {problem}")


def next_time(at: str, now: datetime) -> datetime:
    """Return the next moment at which it is `at` (`02:00`)."""
    hour, minute = map(int, at.split(":"))
    found = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return found if found > now else found + timedelta(days=1)


def missing_programs() -> list[str]:
    return [name for name in PROGRAMS if shutil.which(name) is None]


def check_programs() -> Finding:
    """Return whether the box can sleep after a night."""
    if missing := missing_programs():
        text = f"the box cannot sleep after a night: {', '.join(missing)} is missing"
        return Finding("bad", text, "apt install util-linux systemd")
    return Finding("good", "the box sleeps after a night if nobody uses it; rtcwake needs root or a line in sudoers")


def _where(missing: Sequence[str]) -> str:
    return (
        "this needs systemd"
        if any(name.startswith("system") for name in missing)
        else "install it with `apt install util-linux`"
    )


def _failure(command: Sequence[str]) -> str:
    """Run a program; return why it failed, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return reason_of(error, 200)
    return one_line(decoded(done.stderr), 200) or f"code {done.returncode}" if done.returncode else ""
