"""`garage show`: shows a picture in the terminal."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.sanitize import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.core.terminal.capabilities import ImageMode

_MODES = ("kitty", "sixel", "half", "ascii")
"""`IMAGE_MODES` of `core.terminal`, which takes 20 ms to import."""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "show",
        help="show a picture in the terminal",
        description="Show a picture in the best way that this terminal has. Into a pipe, print it as ASCII.",
    )
    parser.add_argument("image", metavar="IMAGE", help="PNG, JPEG, GIF, WebP, BMP or PPM")
    parser.add_argument("--as", dest="way", choices=_MODES, help="show it in this way, whatever the terminal reports")
    parser.add_argument(
        "--width", metavar="COLUMNS", type=_columns, help="width of the picture (default: as wide as all of it fits)"
    )
    parser.set_defaults(run=run_show)


def _columns(text: str) -> int:
    try:
        columns = int(text)
    except ValueError:
        columns = 0
    if columns < 1:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not a number of columns")
    return columns


def run_show(args: argparse.Namespace) -> int:
    from garage_tui.core.base.home_path import expand_home

    print_picture(expand_home(args.image), args.workspace, args.way, args.width)
    return 0


def print_picture(path: Path, workspace: str | None, mode: ImageMode | None = None, width: int | None = None) -> None:
    """Print a picture in the best mode that the terminal has; into a pipe, as ASCII.

    Args:
        workspace: the workspace whose settings apply.
        mode: the mode to use, whatever the terminal reports.
        width: in columns; by default as wide as all of it fits.

    Raises:
        BadInputError: the picture cannot be shown.
    """
    import os
    import shutil
    import sys

    import msgspec

    from garage_tui.core.settings.settings import Workspace, load_settings
    from garage_tui.core.terminal import image_render
    from garage_tui.core.terminal.capabilities import forced_mode
    from garage_tui.core.terminal.query import query_terminal

    terminal = query_terminal(mode or forced_mode(os.environ, load_settings(Workspace.find(workspace)).pictures))
    if not sys.stdout.isatty():
        # It may be shown elsewhere, so the features of this terminal do not matter.
        terminal = msgspec.structs.replace(terminal, image_mode=mode or "ascii", colours=1 << 24, tmux=False)
    columns, rows = shutil.get_terminal_size()
    rows = max(1, rows - 1)  # a line stays free for the prompt
    if width and terminal.image_mode != "kitty":  # a kitty picture cannot scroll while it is sent
        rows = image_render.MAX_ROWS
    output = image_render.render(path, terminal, width or columns, rows)
    sys.stdout.buffer.write(output.encode())  # as UTF-8, also where the locale has no ▀
