"""`garage show`: a picture in the terminal."""

from __future__ import annotations

import argparse
from typing import Any

_WAYS = ("kitty", "sixel", "half", "ascii")
"""Those of `core.terminal`, which takes 20 ms to import."""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "show",
        help="a picture in the terminal",
        description="Print a picture, the way this terminal can show it; into a pipe, as ASCII.",
    )
    parser.add_argument("image", metavar="IMAGE", help="PNG, JPEG, GIF, WebP, BMP or PPM")
    parser.add_argument("--as", dest="way", choices=_WAYS, help="this way, whatever the terminal says it can")
    parser.add_argument(
        "--width", metavar="COLUMNS", type=_columns, help="how wide (default: so that all of it is seen)"
    )
    parser.set_defaults(run=run_show)


def _columns(word: str) -> int:
    try:
        columns = int(word)
    except ValueError:
        columns = 0
    if columns < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is no number of columns")
    return columns


def run_show(args: argparse.Namespace) -> int:
    import dataclasses
    import os
    import shutil
    import sys
    from pathlib import Path

    from garage_tui.core import pictures
    from garage_tui.core.asked import ask
    from garage_tui.core.settings import Workspace, load_settings
    from garage_tui.core.terminal import fixed_way

    path = Path(args.image).expanduser()
    terminal = ask(args.way or fixed_way(os.environ, load_settings(Workspace.find(args.workspace)).pictures))
    if not sys.stdout.isatty():
        # Whoever gets it may show it elsewhere: what this terminal would need of it says nothing.
        terminal = dataclasses.replace(terminal, pictures=args.way or "ascii", colours=1 << 24, tmux=False)
    columns, rows = shutil.get_terminal_size()
    rows = max(1, rows - 1)  # the prompt's line stays free
    if args.width and terminal.pictures != "kitty":  # that would have to scroll in the middle of it
        rows = pictures.MOST_ROWS
    drawn = pictures.render(path, terminal, args.width or columns, rows)
    sys.stdout.buffer.write(drawn.encode())  # what was asked for, also where the locale has no ▀
    return 0
