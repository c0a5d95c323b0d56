"""`garage dashboard`: gauges, runs and the log of the active run in one tmux window."""

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

from garage_tui.core.base.errors import BadInputError, GarageError, reason_of

_NAME = "garage"
"""Name of the window, and of the session that is created outside of tmux."""
_MARK = "@garage-dashboard"
"""The window option with the workspace's key: windows can be renamed, and each workspace has its own."""
_KEPT = (
    *(
        "GARAGE_STATE",
        "GARAGE_CACHE",
        "GARAGE_PICTURES",
        "GARAGE_PORT",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_CACHE_HOME",
    ),
    *("COLORTERM", "NO_COLOR", "PYTHONPATH"),
)
"""Variables that are passed to the panes, which otherwise have the old environment of tmux's server."""
_WIDE = 140
"""Columns from which gauges and runs fit side by side."""
_SECONDS = 10.0

Arguments = Sequence[str]


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "dashboard",
        help="gauges, runs and the newest log in one tmux window",
        description="Open a tmux window with the gauges, the runs, and the log of the active run. Outside of "
        "tmux it creates a session `garage`. Called again, it goes to the existing window. Ctrl-B & (with the usual "
        "prefix of tmux) or `garage dashboard --close` closes all its panes; runs continue.",
    )
    parser.add_argument("--close", action="store_true", help="close the dashboard of this workspace, all its panes")
    parser.add_argument("--print", action="store_true", dest="only_print", help="print the tmux command instead")
    parser.set_defaults(run=run_dashboard)


def run_dashboard(args: argparse.Namespace) -> int:
    from garage_tui.core.base.workspace import Workspace
    from garage_tui.core.settings.settings import load_settings

    workspace = Workspace.find(args.workspace)
    load_settings(workspace)  # mistakes in them are reported here, not in three panes that close at once
    if args.close:
        return _close(workspace.root)
    inside = bool(os.environ.get("TMUX"))
    if args.only_print:
        width = _window_width() if inside and shutil.which("tmux") else shutil.get_terminal_size().columns
        print(shlex.join(_as_one(_new(workspace.root, "new-window" if inside else "new-session", width))))
        return 0
    if shutil.which("tmux") is None:
        raise GarageError("the dashboard needs tmux: install it (Debian: `sudo apt install tmux`)")
    if not inside and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInputError("the dashboard needs a terminal or tmux; --print shows the tmux command")
    return _show(workspace.root) if inside else _attach(workspace.root)


def _show(root: Path) -> int:
    """Show the dashboard in the current tmux client."""
    if window := _window_of(root):
        here = (_query("display-message", "-p", "#{session_id}") or "").strip()
        elsewhere = [] if window.startswith(f"{here}:") else [["switch-client", "-t", window]]
        return _tmux(["select-window", "-t", window], *elsewhere)
    return _tmux(*_new(root, "new-window", _window_width()))


def _close(root: Path) -> int:
    """Close the window of the dashboard; apps in its panes end as they do when their terminal is closed."""
    window = _window_of(root) if shutil.which("tmux") else None
    if window is None:
        print("no dashboard of this workspace is open")
        return 0
    print("the dashboard is closed; runs continue", flush=True)  # before, because this pane may be one of its own
    return _tmux(["kill-window", "-t", window])


def _attach(root: Path) -> int:
    """Replace this process by a tmux client that shows the dashboard."""
    width = shutil.get_terminal_size().columns
    if window := _window_of(root):
        commands: list[Arguments] = [["attach-session", "-t", window], ["select-window", "-t", window]]
    elif _query("has-session", "-t", f"={_NAME}") is not None:
        commands = [["attach-session", "-t", f"={_NAME}"], *_new(root, "new-window", width)]
    else:
        commands = [*_new(root, "new-session", width)]
    arguments = _as_one(commands)
    os.execvp(arguments[0], arguments)


def _new(root: Path, opener: str, width: int) -> Iterator[Arguments]:
    """Yield the tmux commands that create the dashboard; all refer to the window that the first one creates."""
    kept = [word for name in _KEPT if name in os.environ for word in ("-e", f"{name}={os.environ[name]}")]
    garage = [*_garage(), "--workspace", str(root)]
    session = ["-s", _NAME] if opener == "new-session" else []
    yield [opener, *session, "-n", _NAME, *kept, *garage, "--screen", "gpu"]
    yield ["set-option", "-w", _MARK, _key(root)]
    runs, log = [*kept, *garage, "--screen", "runs"], [*kept, *garage, "logs", "-F"]
    if width >= _WIDE:  # gauges │ runs, with the log below
        yield ["split-window", "-h", *runs]
        yield ["split-window", "-v", "-f", "-l", "35%", *log]
    else:  # one below the other, for long lines at 80×24
        yield ["split-window", "-v", "-l", "60%", *runs]
        yield ["split-window", "-v", "-l", "42%", *log]
    yield ["select-pane", "-l"]  # the runs have the focus
    if _version() >= (3, 3):
        yield ["set-option", "-w", "remain-on-exit", "failed"]  # keeps the error message of a failed pane


def _garage() -> list[str]:
    """Return the command of this installation: a pane may have another $PATH."""
    here = Path(sys.argv[0])
    if here.name == "garage" and here.is_file():
        return [str(here.absolute())]
    return [sys.executable, "-m", "garage_tui"]


def _key(root: Path) -> str:
    """Return a key of the workspace for tmux, in which `#` and `;` of a path have a meaning."""
    return sha256(os.fsencode(root)).hexdigest()[:16]


def _window_of(root: Path) -> str | None:
    """Return `session:@window` of the workspace's dashboard, or None if there is none."""
    listed = _query("list-windows", "-a", "-F", f"#{{{_MARK}}} #{{session_id}}:#{{window_id}}") or ""
    found = (line.split(" ") for line in listed.splitlines())
    return next((window for key, window in found if key == _key(root)), None)


def _version() -> tuple[int, ...]:
    """Return tmux's version, or an empty tuple if it is unknown."""
    return tuple(map(int, re.findall(r"\d+", _query("-V") or "")))


def _window_width() -> int:
    width = _query("display-message", "-p", "#{window_width}") or ""
    return int(width) if width.strip().isdigit() else 80


def _query(*arguments: str) -> str | None:
    """Return the output of a tmux command, or None if it fails."""
    try:
        done = subprocess.run(["tmux", *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _as_one(commands: Iterator[Arguments] | Sequence[Arguments]) -> list[str]:
    """Return one tmux command line that runs all the commands in order."""
    arguments = ["tmux"]
    for command in commands:
        # An argument that ends in a semicolon would end the command.
        arguments += [
            *([";"] if len(arguments) > 1 else []),
            *(f"{w[:-1]}\\;" if w.endswith(";") else w for w in command),
        ]
    return arguments


def _tmux(*commands: Arguments) -> int:
    try:
        done = subprocess.run(_as_one(commands), capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GarageError(f"tmux does not answer: {reason_of(error)}") from error
    if done.returncode:
        raise GarageError(f"tmux: {done.stderr.strip() or 'no reason was given'}")
    return 0
