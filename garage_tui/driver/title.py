"""The title of the terminal: the workspace, and the progress of its run.

OSC 2 sets it, in tmux that of the pane (`#T`); XTWINOPS 22 and 23 (xterm's Control Sequences) save and restore the one
from before.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from garage_tui.core.base.sanitize import one_line

if TYPE_CHECKING:
    from garage_tui.core.monitor.run_watcher import RunSnapshot

_SECONDS = 5.0
"""Least time between two titles that differ in the percentage alone."""
_MAX_LENGTH, _MAX_WORKSPACE = 80, 30
_WITHOUT_TITLE = ("dumb", "linux", "vt", "cons", "ansi", "unknown")
"""Beginnings of $TERM whose terminals would print OSC, or do something else."""
_TMUX_STYLE = re.compile(r"#+(?=[\[{(])")
"""The style markup of tmux: it reads `#[fg=red]` in the title of a pane as a colour."""


def has_title(environ: Mapping[str, str]) -> bool:
    """Return whether this terminal has a title that can be set."""
    term = environ.get("TERM", "")
    return bool(term) and not term.startswith(_WITHOUT_TITLE)


def title_text(workspace: str, runs: Sequence[RunSnapshot]) -> str:
    """Return the title: the workspace, the running run with its percentage, and how many more there are."""
    working = [run for run in runs if run.alive and run.status != "queued"]
    name = workspace if len(workspace) <= _MAX_WORKSPACE else f"…{workspace[1 - _MAX_WORKSPACE :]}"
    title = f"garage {name}"
    if working:
        run = working[0]
        done = ""
        if run.status != "running":
            done = run.status
        elif run.state and run.state.total_steps:
            done = f"{min(run.state.step, run.state.total_steps) / run.state.total_steps:.0%}".replace("%", " %")
        more = f" +{len(working) - 1}" if len(working) > 1 else ""
        title += f" · {run.name} {done}".rstrip() + more
    return _TMUX_STYLE.sub("", one_line(title, _MAX_LENGTH))


class TerminalTitle:
    """Sets the title of the app's terminal, and restores the one from before.

    Args:
        workspace: name of the workspace.
        write: sends text to the terminal.
        only_ascii: whether the terminal shows ASCII alone.
        clock: returns seconds.
    """

    def __init__(
        self,
        workspace: str,
        write: Callable[[str], object],
        only_ascii: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspace, self._write, self._only_ascii, self._clock = workspace, write, only_ascii, clock
        self._is_open = False
        self._title, self._time = "", 0.0

    def show(self, runs: Sequence[RunSnapshot]) -> None:
        """Show what these runs do, if that is new."""
        title, now = title_text(self._workspace, runs), self._clock()
        if self._only_ascii:
            title = title.replace("·", "-").encode("ascii", "replace").decode()
        # A percentage may come late; that a run has begun, waits or has ended may not.
        is_same = _without_percentage(title) == _without_percentage(self._title)
        if title == self._title or (is_same and now - self._time < _SECONDS):
            return
        save = "" if self._is_open else "\x1b[22;2t"
        self._is_open, self._title, self._time = True, title, now
        self._write(f"{save}\x1b]2;{title}\x07")

    def close(self) -> None:
        """Restore the title from before; where the terminal has saved none, empty ours."""
        if self._is_open:
            self._is_open = False
            self._write("\x1b]2;\x07\x1b[23;2t")


def _without_percentage(title: str) -> str:
    return re.sub(r"\d+ %", "", title)
