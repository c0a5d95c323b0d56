"""Sunshine: a command of the owner's prints how many watts there are to spare, and a run waits until they pay for it.

The command is run without a shell, at most once in `every` seconds, and never by a screen. Whatever knows the roof can
be asked this way (README: pypowerwall, Home Assistant, a file that a cron job writes).
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from garage_tui.core.text import one_line

_SECONDS = 20.0  # a command that takes longer does not answer
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)\s*(k?)W?\b", re.IGNORECASE)
_MOST = 64 * 1024


class Sun:
    """What the owner's command says; `look` never waits for it.

    Args:
        command: program and arguments.
        every: seconds between two questions.
    """

    def __init__(self, command: Sequence[str], every: float = 60.0) -> None:
        self._command, self._every = tuple(command), every
        self._name = Path(self._command[0]).name
        self._asked_at = -every
        self._asks: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self.watts: float | None = None
        """Watts to spare; None before the first answer and while there is none."""
        self.trouble = ""
        """Why there is no answer; empty where there is one."""

    def look(self) -> float | None:
        """Take the answer that has come, ask again if it is time to, and return the watts."""
        now = time.monotonic()
        if self._asks is not None:
            self._take(self._asks, now)
        elif now - self._asked_at >= self._every:
            self._ask(now)
        return self.watts

    def close(self) -> None:
        """Ask no more."""
        if self._asks is not None:
            self._asks.kill()
            self._asks.wait()
            self._asks = None

    def _ask(self, now: float) -> None:
        self._asked_at = now
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (a pipe could fill up while nobody reads)
        try:
            self._asks = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT, close_fds=True
            )
        except OSError as error:
            self.watts, self.trouble = None, f"{self._name}: {error.strerror or error}"

    def _take(self, asks: subprocess.Popen[bytes], now: float) -> None:
        code = asks.poll()
        if code is None:
            if now - self._asked_at > _SECONDS:
                self.close()
                self.watts, self.trouble = None, f"{self._name} took longer than {_SECONDS:.0f} s"
            return
        self._asks = None
        said = ""
        with contextlib.suppress(OSError):
            assert self._said is not None
            said = os.pread(self._said.fileno(), _MOST, 0).decode(errors="replace").strip()
            self._said.close()
        last = one_line(said.splitlines()[-1] if said else "", 120)
        found = _NUMBER.search(said.splitlines()[0]) if said and code == 0 else None
        if found is None:
            ended = f"ended with {code}" if code else "printed no number of watts"
            self.watts, self.trouble = None, f"{self._name} {ended}{': ' if last else ''}{last}"
        else:
            self.watts, self.trouble = float(found[1]) * (1000 if found[2] else 1), ""
