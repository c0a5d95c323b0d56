"""The solar surplus in watts, printed by a command of the user's, for runs that wait for it.

No shell parses the command's arguments. It runs in `/`, so that no file of a workspace is run by mistake, in its own
process group, at most once in so many seconds, and never for a screen. Any source can be queried this way: pypowerwall,
a file that a cron job writes.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from garage_tui.core.base.child_environment import owners_environment
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.base.workspace import user_settings_file
from garage_tui.core.settings.settings import SunSettings

_SECONDS = 20.0  # a command that takes longer is killed
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(k?)W?", re.IGNORECASE)
_MOST = 64 * 1024
_IN_ROOT = ("/bin/sh", "-c", 'cd / && exec "$@"', "sh")  # posix_spawn cannot change the folder


class SolarSurplus:
    """Runs the user's command from time to time; `poll` never waits for it.

    Args:
        settings: returns the command and how often it may run; called before each run, since both may have changed.
    """

    def __init__(self, settings: Callable[[], SunSettings]) -> None:
        self._settings = settings
        self._next = 0.0
        self._started_at = 0.0
        self._pid: int | None = None
        self._output: IO[bytes] | None = None
        self._messages: IO[bytes] | None = None
        """What it writes to its error output: a progress bar of curl is no answer."""
        self._name = ""
        self.watts: float | None = None
        """Surplus in watts; None before the first answer and after a failure."""
        self.trouble = ""
        """Why the command failed last; empty after an answer, and before the first one."""

    def poll(self) -> float | None:
        """Read the output of a command that has ended, start it again if it is due, and return the watts."""
        now = time.monotonic()
        if self._pid is not None:
            self._read_answer(self._pid, now)
        elif now >= self._next:
            self._start(now)
        return self.watts

    def close(self) -> None:
        """Kill the command if it runs; do not poll again."""
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)  # the processes that it has started too
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
            self._pid = None
        for file in (self._output, self._messages):
            if file is not None:
                file.close()
        self._output = self._messages = None

    def _fail(self, trouble: str) -> None:
        self.watts, self.trouble = None, trouble

    def _start(self, now: float) -> None:
        self._started_at, self._next = now, now + 60.0
        try:
            settings = self._settings()
        except GarageError as error:
            return self._fail(str(error))
        self._next = now + settings.every_seconds
        if not settings.command:
            return self._fail(f"no `command` is set in [sun] of {user_settings_file()}")
        self._name = Path(settings.command[0]).name
        try:
            self._output = tempfile.TemporaryFile()  # noqa: SIM115 (a pipe could fill up while nobody reads)
            self._messages = tempfile.TemporaryFile()  # noqa: SIM115
            self._pid = os.posix_spawn(
                _IN_ROOT[0],
                [*_IN_ROOT, *settings.command],
                owners_environment(),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, self._output.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, self._messages.fileno(), 2),
                ],
                setpgroup=0,
                setsigmask=[],  # a supervisor blocks its signals, which the command must not inherit
            )
        except OSError as error:
            self.close()
            self._fail(f"{self._name}: {error.strerror or error}")

    def _read_answer(self, pid: int, now: float) -> None:
        done, status = os.waitpid(pid, os.WNOHANG)
        if not done:
            if now - self._started_at > _SECONDS:
                self.close()
                self._fail(f"{self._name} took longer than {_SECONDS:.0f} s")
            return
        self._pid, code = None, os.waitstatus_to_exitcode(status)
        output, messages = _text(self._output), _text(self._messages)
        self.close()
        found = _NUMBER.fullmatch(output.replace("−", "-")) if code == 0 else None
        if found is None:
            lines = (messages if code else output or messages).splitlines() or output.splitlines()
            last = one_line(lines[-1] if lines else "", 120)
            ended = f"ended with exit code {code}" if code else "did not print a number of watts"
            self._fail(f"{self._name} {ended}{': ' if last else ''}{last}")
        else:
            self.watts, self.trouble = float(found[1]) * (1000 if found[2] else 1), ""


def _text(file: IO[bytes] | None) -> str:
    """Return what a command has written into a file; empty if it cannot be read."""
    if file is None:
        return ""
    with contextlib.suppress(OSError):
        return decoded(os.pread(file.fileno(), _MOST, 0)).strip()
    return ""
