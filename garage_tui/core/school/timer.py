"""The systemd user timer that starts a night: its two unit files, and putting them in place.

The units are those of systemd.service(5) and systemd.timer(5); text in them is escaped as systemd.syntax(7) asks.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.base.workspace import Workspace, user_settings_file
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.runs.catalog import slug

_SECONDS = 30.0
_NO_BUS = (
    "systemd's user manager does not answer: log in as this user (not with su), "
    "or let it run without a login with `loginctl enable-linger`"
)


@dataclass(frozen=True)
class Timer:
    """The unit files of one workspace."""

    name: str
    """The name of both units, without their ends."""
    folder: Path
    service: str
    timer: str

    @property
    def files(self) -> dict[Path, str]:
        return {
            self.folder / f"{self.name}.service": self.service,
            self.folder / f"{self.name}.timer": self.timer,
        }


def make_timer(workspace: Workspace, at: str) -> Timer:
    """Return the units that do one pass a day at a time of day (`02:00`).

    Raises:
        BadInputError: the path of the workspace or of Python has a line feed, which no unit file can hold.
    """
    root = str(workspace.root.resolve())
    if "\n" in root + sys.executable:
        raise BadInputError(f"{one_line(root)}: a path with a line feed cannot stand in a unit file of systemd")
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:6]
    name = f"garage-school-{slug(workspace.root.name)[:32] or 'box'}-{digest}"
    command = " ".join(map(_quoted, (sys.executable, "-P", "-m", "garage_tui", "--workspace", root, "school")))
    shown = root.replace("%", "%%")
    service = (
        f"[Unit]\nDescription=garage school: teaches what is new in {shown}\n\n"
        f"[Service]\nType=oneshot\nExecStart={command}\n"
        # A run outlives whatever started it, so only the pass itself is stopped.
        "KillMode=process\nTimeoutStartSec=infinity\n"
    )
    timer = (
        f"[Unit]\nDescription=garage school at {at}, in {shown}\n\n"
        f"[Timer]\nOnCalendar=*-*-* {at}:00\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    return Timer(name, _units_folder(), service, timer)


def install(timer: Timer) -> None:
    """Write the units and start the timer; units of the same name are replaced.

    Raises:
        GarageError: they cannot be written, or systemd refuses them; the text says what to do.
    """
    for path, text in timer.files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, text.encode())
        except OSError as error:
            raise GarageError(f"{path} cannot be written: {why_not_written(error, path)}") from error
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", f"{timer.name}.timer")


def uninstall(timer: Timer) -> bool:
    """Stop the timer and remove the units; return whether there were any.

    Raises:
        GarageError: systemd does not answer, or a file cannot be removed.
    """
    found = [path for path in timer.files if path.exists()]
    if not found:
        return False
    _systemctl("disable", "--now", f"{timer.name}.timer")
    for path in found:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise GarageError(f"{path} cannot be removed: {error.strerror}") from error
    _systemctl("daemon-reload")
    return True


def is_installed(timer: Timer) -> bool:
    return all(path.exists() for path in timer.files)


def _units_folder() -> Path:
    return user_settings_file().parent.parent / "systemd" / "user"


def _quoted(text: str) -> str:
    """Return one argument of a command line in a unit file."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _systemctl(*arguments: str) -> None:
    try:
        done = subprocess.run(
            ["systemctl", "--user", *arguments], capture_output=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise GarageError(
            "there is no systemd on this box: let cron start `garage school`, "
            "or leave `garage school --tonight` in tmux"
        ) from None
    except subprocess.TimeoutExpired:
        raise GarageError(f"systemctl --user {arguments[0]} did not answer within {_SECONDS:g} seconds") from None
    if done.returncode:
        message = one_line(decoded(done.stderr), 300)
        if "bus" in message or "No medium found" in message:
            raise GarageError(_NO_BUS)
        raise GarageError(f"systemctl --user {arguments[0]} failed: {message}")
