"""Commands at a place: on this box, or behind ssh through one connection that all commands of a watcher share."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.places.place import Place, PlaceUnreachableError

SECONDS = 60.0
"""Seconds that a command may take before the place counts as one that does not answer."""
_CONNECT_SECONDS = 15
_NOT_FOUND = 127
_SSH_FAILED = 255
"""Exit code of ssh where the connection failed; a command's own code is passed on."""


class CommandResult(NamedTuple):
    """What a command at a place printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def problem(self) -> str:
        """The last line that it printed on stderr, or else on stdout; empty where there is none."""
        lines = [one_line(line, 300) for line in (self.err or self.out).splitlines()]
        return next((line for line in reversed(lines) if line), "")


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return decoded(file.read())


class PlaceShell:
    """Runs commands at a place.

    Args:
        host: as `ssh` understands it; empty for this box.
    """

    def __init__(self, place: Place) -> None:
        self._place, self.host = place.name, place.settings.ssh
        self._socket: Path | None = None

    def run(
        self, command: Sequence[str], *, text: str | None = None, seconds: float = SECONDS, in_shell: bool = False
    ) -> CommandResult:
        """Run a command there and return what it printed.

        Args:
            text: what it reads on stdin.
            in_shell: the command is one line for a POSIX shell.

        Raises:
            PlaceUnreachableError: the place does not answer.
            GarageError: ssh, or the program on this box, is missing.
        """
        if self.host:
            line = command[0] if in_shell else shlex.join(command)
            return self.local([*self.ssh(), "--", self.host, line], text=text, seconds=seconds, through_ssh=True)
        if not in_shell and shutil.which(command[0]) is None:
            return CommandResult(_NOT_FOUND, "", f"{command[0]}: not found")  # as a shell there would say
        return self.local(["sh", "-c", command[0]] if in_shell else command, text=text, seconds=seconds)

    def local(
        self, command: Sequence[str], *, text: str | None = None, seconds: float = SECONDS, through_ssh: bool = False
    ) -> CommandResult:
        """Run a command of this box; with `through_ssh` its connection may fail."""
        # Files, not pipes: a connection that is kept would hold a pipe open after the command has ended.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                done = subprocess.run(
                    command,
                    input=None if text is None else text.encode(),
                    stdin=subprocess.DEVNULL if text is None else None,
                    stdout=out,
                    stderr=err,
                    timeout=seconds,
                    env=environment(),
                )
            except subprocess.TimeoutExpired as error:
                raise PlaceUnreachableError(f"no answer within {seconds:.0f} s") from error
            except FileNotFoundError as error:
                raise GarageError(f"{command[0]} is not installed on this box") from error
            except OSError as error:
                raise GarageError(f"{command[0]} cannot be started: {error.strerror or error}") from error
            result = CommandResult(done.returncode, *(_read(one) for one in (out, err)))
        if through_ssh and done.returncode == _SSH_FAILED:
            raise PlaceUnreachableError(result.problem or "ssh cannot connect")
        return result

    def ssh(self) -> list[str]:
        """Return the beginning of an ssh command that shares the one connection; it never asks for anything."""
        if self._socket is None:
            self._socket = Path(tempfile.mkdtemp(prefix="garage-")) / "ssh"
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": str(_CONNECT_SECONDS),
            "ServerAliveInterval": "10",
            "ServerAliveCountMax": "2",
            "ControlMaster": "auto",
            "ControlPath": str(self._socket),
            "ControlPersist": "60",
        }
        return ["ssh", *(f"-o{name}={value}" for name, value in options.items())]

    def close(self) -> None:
        """End the shared connection."""
        if self._socket is None:
            return
        if self._socket.exists():
            with contextlib.suppress(GarageError, PlaceUnreachableError, OSError):
                self.local([*self.ssh(), "-O", "exit", "--", self.host], seconds=5)
        shutil.rmtree(self._socket.parent, ignore_errors=True)
        self._socket = None

    def forget_connection(self) -> None:
        """Drop a shared connection that hangs, so that the next command makes a new one."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._socket)  # noqa: PTH108 (a socket)
