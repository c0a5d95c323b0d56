"""A tmux server of a test's own, with as many windows as the test wants."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.support.repository import REPOSITORY

GARAGE = (sys.executable, "-m", "garage_tui")


class TmuxServer:
    """Its socket lies in `folder`, so that `tmux` with `environment` finds it, and no other."""

    def __init__(self, folder: Path, columns: int = 120, rows: int = 40) -> None:
        folder.mkdir(parents=True)
        self._folder, self._size = folder, ("-x", str(columns), "-y", str(rows))

    @property
    def environment(self) -> dict[str, str]:
        """Of a program that is started outside of any tmux; `tmux` in it means this server."""
        left_out = ("TMUX", "TMUX_PANE", "NO_COLOR", "COLORTERM")
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        own = {"TMUX_TMPDIR": str(self._folder), "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color"}
        return {**kept, **own, "LANG": "C.UTF-8"}

    @property
    def inside(self) -> dict[str, str]:
        """The environment of a program in the active pane."""
        told = self("display-message", "-p", "#{socket_path},#{pid},0 #{pane_id}").split()
        return {**self.environment, "TMUX": told[0], "TMUX_PANE": told[1], "TERM": "screen-256color"}

    def __call__(self, *words: str) -> str:
        """Return what tmux says to a command."""
        done = subprocess.run(["tmux", *words], capture_output=True, text=True, env=self.environment)
        return done.stdout.removesuffix("\n")

    def open(self, name: str, *program: str) -> None:
        """Open a session with a program in it; its window stays when the program has ended."""
        start = ["tmux", "-f", "/dev/null", "new-session", "-d", "-s", name, *self._size, *program]
        made = subprocess.run(start, capture_output=True, text=True, env=self.environment)
        assert made.returncode == 0, made.stderr
        self("set-option", "-g", "remain-on-exit", "on")

    def screen(self, pane: str, *options: str) -> str:
        """Return the characters of a pane."""
        return self("capture-pane", "-p", *options, "-t", pane)

    def sees(self, pane: str, *texts: str, seconds: float = 60) -> str:
        """Wait until all of `texts` are in a pane, and return what it shows."""
        screen = ""

        def there() -> bool:
            nonlocal screen
            screen = self.screen(pane)
            return all(text in screen for text in texts)

        wait_for(there, seconds, lambda: f"{texts} not seen in {pane}, which shows:\n{screen}")
        return screen

    def ends(self, pane: str) -> None:
        """Wait until the program in a pane has ended, and see that it ended well."""

        def told(what: str) -> str:
            return self("display-message", "-p", "-t", pane, f"#{{{what}}}")

        wait_for(lambda: told("pane_dead") == "1", 60, lambda: f"{pane} goes on:\n{self.screen(pane)}")
        assert told("pane_dead_status") in ("0", "")  # tmux may not have asked for it yet

    def press(self, pane: str, *keys: str) -> None:
        self("send-keys", "-t", pane, *keys)

    def types(self, pane: str, text: str) -> None:
        self("send-keys", "-t", pane, "-l", text)

    def close(self) -> None:
        self("kill-server")


def wait_for(look, seconds: float, otherwise):
    """Return what `look` returns once that is true."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, otherwise()
        time.sleep(0.05)
    return found
