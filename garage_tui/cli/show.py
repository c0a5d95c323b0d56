"""`garage show`: a picture in the terminal."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.core.terminal.capabilities import ImageMode

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
    from pathlib import Path

    print_picture(Path(args.image).expanduser(), args.workspace, args.way, args.width)
    return 0


def print_picture(path: Path, workspace: str | None, way: ImageMode | None = None, width: int | None = None) -> None:
    """Print a picture, the way this terminal can show it; into a pipe, as ASCII.

    Args:
        workspace: whose settings hold.
        way: this one, whatever the terminal says it can.
        width: in columns; by default so that all of it is seen.

    Raises:
        BadInputError: it cannot be shown.
    """
    import dataclasses
    import os
    import shutil
    import sys

    from garage_tui.core.base.settings import Workspace, load_settings
    from garage_tui.core.terminal import image_render
    from garage_tui.core.terminal.capabilities import forced_mode
    from garage_tui.core.terminal.query import query_terminal

    terminal = query_terminal(way or forced_mode(os.environ, load_settings(Workspace.find(workspace)).pictures))
    if not sys.stdout.isatty():
        # Whoever gets it may show it elsewhere: what this terminal would need of it says nothing.
        terminal = dataclasses.replace(terminal, image_mode=way or "ascii", colours=1 << 24, tmux=False)
    columns, rows = shutil.get_terminal_size()
    rows = max(1, rows - 1)  # the prompt's line stays free
    if width and terminal.image_mode != "kitty":  # that would have to scroll in the middle of it
        rows = image_render.MOST_ROWS
    drawn = image_render.render(path, terminal, width or columns, rows)
    sys.stdout.buffer.write(drawn.encode())  # what was asked for, also where the locale has no ▀
