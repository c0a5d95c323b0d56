"""The app in a real tmux: open it, press keys, read its screen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.record import Run
from tests.support.repository import REPOSITORY
from tests.support.tmux_server import wait_for

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


class Terminal:
    """A tmux server of its own with one window, in which the app runs."""

    _opened = 0  # of all terminals: a server that is still leaving must not be asked for the next window

    def __init__(self, workspace: Path, columns: int, rows: int) -> None:
        self._workspace, self._size = workspace, (str(columns), str(rows))
        self._new_server()

    def tmux(self, *arguments: str) -> str:
        socket = f"garage-test-{os.getpid()}-{self._server}"
        command = ["tmux", "-L", socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=self._environment()).stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "NO_COLOR", "COLORTERM")}
        return {**kept, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color"}

    def _new_server(self) -> None:
        Terminal._opened += 1
        self._server = Terminal._opened

    def open(self, *arguments: str, variables: Mapping[str, str] | None = None) -> None:
        """Open the app with `arguments` in a new tmux server; `variables` change its environment."""
        self._new_server()
        changes = [f"{name}={value}" for name, value in (variables or {}).items()]
        app = ["env", *changes, sys.executable, "-m", "garage_tui", "--workspace", str(self._workspace), *arguments]
        columns, rows = self._size
        self.tmux("new-session", "-d", "-s", "app", "-x", columns, "-y", rows, *app)
        self.tmux("set-option", "-g", "remain-on-exit", "on")

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "app")

    @property
    def left_behind(self) -> str:
        """The screen and what was scrolled off: to say that a pane is dead, tmux scrolls its first line away."""
        return self.tmux("capture-pane", "-p", "-S", "-", "-t", "app")

    @property
    def pid(self) -> int:
        """Process id of the app."""
        return int(self.tmux("display-message", "-p", "-t", "app", "#{pane_pid}"))

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "app", *keys)

    def types(self, text: str) -> None:
        self.tmux("send-keys", "-t", "app", "-l", text)

    def sees(self, *texts: str, seconds: float = 60) -> str:
        """Wait until all of `texts` are on the screen, and return it."""
        return wait_for(
            lambda: screen if all(text in (screen := self.screen) for text in texts) else "",
            seconds,
            lambda: f"{texts} not seen; the screen says:\n{self.screen}",
        )

    def close(self) -> None:
        self.tmux("kill-server")


def only_run(workspace) -> Run:
    [run] = list_runs(workspace)
    return run


def gone(pid: int) -> bool:
    """True once a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
