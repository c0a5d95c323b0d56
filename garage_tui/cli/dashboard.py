"""`garage dashboard`: gauges, runs and the log of the run at work, side by side in a window of tmux."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import BadInputError, GarageError

_NAME = "garage"
"""Of the window, and of the session that is made where there is none."""
_MARK = "@garage-dashboard"
"""The window's option that says whose dashboard it is: people rename windows, and two workspaces have two."""
_KEPT = (
    *("GARAGE_STATE", "GARAGE_CACHE", "GARAGE_PICTURES", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"),
    *("COLORTERM", "NO_COLOR", "PYTHONPATH"),
)
"""A pane has the environment of tmux's server, which may have been started long ago and elsewhere."""
_WIDE = 140
"""Columns from which gauges and runs have room beside each other."""
_SECONDS = 10.0

Words = Sequence[str]


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "dashboard",
        help="gauges, runs and the newest log in one tmux window",
        description="Open a tmux window with the gauges, the runs, and the log of whichever run is at work. Outside of "
        "tmux a session `garage` is made for it. Called again, it goes to the window that is there.",
    )
    parser.add_argument("--print", action="store_true", dest="only_print", help="print the tmux command instead")
    parser.set_defaults(run=run_dashboard)


def run_dashboard(args: argparse.Namespace) -> int:
    from garage_tui.core.base.settings import load_settings
    from garage_tui.core.base.workspace import Workspace

    workspace = Workspace.find(args.workspace)
    load_settings(workspace)  # what is wrong with them is told here, not in three panes that close at once
    inside = bool(os.environ.get("TMUX"))
    if args.only_print:
        width = _window_width() if inside and shutil.which("tmux") else shutil.get_terminal_size().columns
        print(shlex.join(_as_one(_new(workspace.root, "new-window" if inside else "new-session", width))))
        return 0
    if shutil.which("tmux") is None:
        raise GarageError("the dashboard needs tmux: install it (Debian: `sudo apt install tmux`)")
    if not inside and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInputError("the dashboard needs a terminal, or a tmux around it; --print says what it would do")
    return _show(workspace.root) if inside else _attach(workspace.root)


def _show(root: Path) -> int:
    """Bring the dashboard to the front of the tmux that this was called in."""
    if window := _window_of(root):
        here = (_asked("display-message", "-p", "#{session_id}") or "").strip()
        elsewhere = [] if window.startswith(f"{here}:") else [["switch-client", "-t", window]]
        return _tmux(["select-window", "-t", window], *elsewhere)
    return _tmux(*_new(root, "new-window", _window_width()))


def _attach(root: Path) -> int:
    """Become the tmux client that shows the dashboard."""
    width = shutil.get_terminal_size().columns
    if window := _window_of(root):
        commands: list[Words] = [["attach-session", "-t", window], ["select-window", "-t", window]]
    elif _asked("has-session", "-t", f"={_NAME}") is not None:
        commands = [["attach-session", "-t", f"={_NAME}"], *_new(root, "new-window", width)]
    else:
        commands = [*_new(root, "new-session", width)]
    words = _as_one(commands)
    os.execvp(words[0], words)


def _new(root: Path, opener: str, width: int) -> Iterator[Words]:
    """Yield tmux's commands that make the dashboard; each means the window that the first one makes."""
    kept = [word for name in _KEPT if name in os.environ for word in ("-e", f"{name}={os.environ[name]}")]
    garage = [*_garage(), "--workspace", str(root)]
    session = ["-s", _NAME] if opener == "new-session" else []
    yield [opener, *session, "-n", _NAME, *kept, *garage, "--screen", "gpu"]
    yield ["set-option", "-w", _MARK, _key(root)]
    runs, log = [*kept, *garage, "--screen", "runs"], [*kept, *garage, "logs", "-F"]
    if width >= _WIDE:  # gauges │ runs, and below them the log
        yield ["split-window", "-h", *runs]
        yield ["split-window", "-v", "-f", "-l", "35%", *log]
    else:  # one below the other, so that at 80×24 each line is as long as it can be
        yield ["split-window", "-v", "-l", "60%", *runs]
        yield ["split-window", "-v", "-l", "42%", *log]
    yield ["select-pane", "-l"]  # the keys go to the runs
    if _version() >= (3, 3):
        yield ["set-option", "-w", "remain-on-exit", "failed"]  # what went wrong in a pane can be read there


def _garage() -> list[str]:
    """Return the words that start this very garage: a pane may have another $PATH, or none with it."""
    here = Path(sys.argv[0])
    if here.name == "garage" and here.is_file():
        return [str(here.absolute())]
    return [sys.executable, "-m", "garage_tui"]


def _key(root: Path) -> str:
    """Return a workspace's name for tmux, which would read `#` and `;` of its path as its own."""
    return sha256(os.fsencode(root)).hexdigest()[:16]


def _window_of(root: Path) -> str | None:
    """Return `session:@window` of the workspace's dashboard, or None where there is none."""
    said = _asked("list-windows", "-a", "-F", f"#{{{_MARK}}} #{{session_id}}:#{{window_id}}") or ""
    found = (line.split(" ") for line in said.splitlines())
    return next((place for key, place in found if key == _key(root)), None)


def _version() -> tuple[int, ...]:
    """Return tmux's version, or nothing where it does not say one."""
    return tuple(map(int, re.findall(r"\d+", _asked("-V") or "")))


def _window_width() -> int:
    said = _asked("display-message", "-p", "#{window_width}") or ""
    return int(said) if said.strip().isdigit() else 80


def _asked(*words: str) -> str | None:
    """Return what tmux says, or None where it refuses."""
    try:
        done = subprocess.run(["tmux", *words], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _as_one(commands: Iterator[Words] | Sequence[Words]) -> list[str]:
    """Return one call of tmux for all the commands: each goes on from what the one before has made."""
    words = ["tmux"]
    for command in commands:
        # A word that ends in a semicolon would end the command.
        words += [*([";"] if len(words) > 1 else []), *(f"{w[:-1]}\\;" if w.endswith(";") else w for w in command)]
    return words


def _tmux(*commands: Words) -> int:
    try:
        done = subprocess.run(_as_one(commands), capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GarageError(f"tmux does not answer: {error}") from error
    if done.returncode:
        raise GarageError(f"tmux: {done.stderr.strip() or 'it did not say why'}")
    return 0
