"""The terminal's title: which workspace this is, and how far the run in it has come.

OSC 2 sets it, in tmux the pane's (`#T`); XTWINOPS 22 and 23 (xterm's Control Sequences) keep the one that was there and
bring it back.
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
"""Between two titles of which the second only has another percentage."""
_LONGEST, _LONGEST_PLACE = 80, 30
_HAVE_NONE = ("dumb", "linux", "vt", "cons", "ansi", "unknown")
"""Beginnings of $TERM where OSC would be painted, or do something else."""
_TMUX_READS = re.compile(r"#+(?=[\[{(])")
"""Of a pane's title tmux takes `#[fg=red]` for a colour of its status line."""


def has_title(environ: Mapping[str, str]) -> bool:
    """Return whether this terminal has a title that can be set."""
    term = environ.get("TERM", "")
    return bool(term) and not term.startswith(_HAVE_NONE)


def words(place: str, runs: Sequence[RunSnapshot]) -> str:
    """Return the title: the workspace, the run at work with its share done, and how many more there are."""
    working = [run for run in runs if run.alive and run.status != "queued"]
    said = f"garage {place if len(place) <= _LONGEST_PLACE else '…' + place[1 - _LONGEST_PLACE :]}"
    if working:
        run = working[0]
        done = ""
        if run.status != "running":
            done = run.status
        elif run.state and run.state.total_steps:
            done = f"{min(run.state.step, run.state.total_steps) / run.state.total_steps:.0%}".replace("%", " %")
        more = f" +{len(working) - 1}" if len(working) > 1 else ""
        said += f" · {run.name} {done}".rstrip() + more
    return _TMUX_READS.sub("", one_line(said, _LONGEST))


class TerminalTitle:
    """The title of the terminal that an app has.

    Args:
        place: the workspace, in short.
        write: sends something to the terminal.
        only_ascii: the terminal shows no more.
        clock: seconds.
    """

    def __init__(
        self,
        place: str,
        write: Callable[[str], object],
        only_ascii: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._write, self._only_ascii, self._clock = place, write, only_ascii, clock
        self._is_open = False
        self._said, self._at = "", 0.0

    def show(self, runs: Sequence[RunSnapshot]) -> None:
        """Say what these runs do, if it is something new."""
        said, now = words(self._place, runs), self._clock()
        if self._only_ascii:
            said = said.replace("·", "-").encode("ascii", "replace").decode()
        # A share done may be told late; that a run has begun, waits or has ended may not.
        if said == self._said or (_without_share(said) == _without_share(self._said) and now - self._at < _SECONDS):
            return
        kept = "" if self._is_open else "\x1b[22;2t"
        self._is_open, self._said, self._at = True, said, now
        self._write(f"{kept}\x1b]2;{said}\x07")

    def close(self) -> None:
        """Bring the title back that was there before; where the terminal keeps none, ours is emptied."""
        if self._is_open:
            self._is_open = False
            self._write("\x1b]2;\x07\x1b[23;2t")


def _without_share(said: str) -> str:
    return re.sub(r"\d+ %", "", said)
