"""Sunshine: a command of the owner's prints how many watts there are to spare, and a run waits until they pay for it.

Its words are never parsed by a shell; it runs in `/`, so that nothing that lies in a workspace is run by mistake, in a
process group of its own, at most once in so many seconds, and never for a screen. Whatever knows the roof can be asked
this way (README: pypowerwall, a file that a cron job writes).
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

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import SunSettings

_SECONDS = 20.0  # a command that takes longer does not answer
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(k?)W?", re.IGNORECASE)
_MOST = 64 * 1024
_IN_ROOT = ("/bin/sh", "-c", 'cd / && exec "$@"', "sh")  # posix_spawn knows no folder


class SolarSurplus:
    """What the owner's command says; `look` never waits for it.

    Args:
        settings: gives the command and how often it may be asked, anew for each question: it may have been mended.
    """

    def __init__(self, settings: Callable[[], SunSettings]) -> None:
        self._settings = settings
        self._next = 0.0
        self._asked_at = 0.0
        self._pid: int | None = None
        self._said: IO[bytes] | None = None
        self._name = ""
        self.watts: float | None = None
        """Watts to spare; None before the first answer and while there is none."""
        self.trouble = ""
        """Why there is no answer; empty where there is one, and before the first."""

    def look(self) -> float | None:
        """Take the answer that has come, ask again if it is time to, and return the watts."""
        now = time.monotonic()
        if self._pid is not None:
            self._take(self._pid, now)
        elif now >= self._next:
            self._ask(now)
        return self.watts

    def close(self) -> None:
        """Ask no more."""
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)  # what it has started too
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
            self._pid = None
        if self._said is not None:
            self._said.close()
            self._said = None

    def _fail(self, trouble: str) -> None:
        self.watts, self.trouble = None, trouble

    def _ask(self, now: float) -> None:
        self._asked_at, self._next = now, now + 60.0
        try:
            settings = self._settings()
        except GarageError as error:
            return self._fail(str(error))
        self._next = now + settings.every_seconds
        if not settings.command:
            return self._fail("[sun] of your garage.toml names no command")
        self._name = Path(settings.command[0]).name
        try:
            self._said = tempfile.TemporaryFile()  # noqa: SIM115 (a pipe could fill up while nobody reads)
            out = self._said.fileno()
            self._pid = os.posix_spawn(
                _IN_ROOT[0],
                [*_IN_ROOT, *settings.command],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, out, 1),
                    (os.POSIX_SPAWN_DUP2, out, 2),
                ],
                setpgroup=0,
                setsigmask=[],  # a supervisor blocks its signals, which the command must not inherit
            )
        except OSError as error:
            self.close()
            self._fail(f"{self._name}: {error.strerror or error}")

    def _take(self, pid: int, now: float) -> None:
        done, status = os.waitpid(pid, os.WNOHANG)
        if not done:
            if now - self._asked_at > _SECONDS:
                self.close()
                self._fail(f"{self._name} took longer than {_SECONDS:.0f} s")
            return
        self._pid, code = None, os.waitstatus_to_exitcode(status)
        said = ""
        with contextlib.suppress(OSError):
            assert self._said is not None
            said = os.pread(self._said.fileno(), _MOST, 0).decode(errors="replace").strip()
        self.close()
        found = _NUMBER.fullmatch(said.replace("−", "-")) if code == 0 else None
        if found is None:
            last = one_line(said.splitlines()[-1] if said else "", 120)
            ended = f"ended with {code}" if code else "printed no number of watts"
            self._fail(f"{self._name} {ended}{': ' if last else ''}{last}")
        else:
            self.watts, self.trouble = float(found[1]) * (1000 if found[2] else 1), ""
