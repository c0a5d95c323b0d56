"""`garage gpu`: prints one reading of the GPUs and of this box."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "gpu",
        help="print temperature, power and memory of the GPUs and of this box",
        description="Print one reading. A suspended GPU is not woken.",
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print one JSON document; missing values are null")
    shown.add_argument(
        "--line", action="store_true", help="print one short line with the running run, for tmux's status bar"
    )
    parser.set_defaults(run=run_gpu)


def run_gpu(args: argparse.Namespace) -> int:
    if not args.line:
        return _print(args)
    from garage_tui.core.base.errors import GarageError, reason_of
    from garage_tui.core.base.sanitize import one_line

    try:
        return _print(args)
    except (GarageError, OSError) as error:  # a status bar runs this every few seconds, and shows a short line
        print(_for_tmux(one_line(f"garage: {reason_of(error)}", 60)))
        return 0


def _for_tmux(line: str) -> str:
    """Return a line with tmux's formats escaped: a run may be named `#[fg=red]`."""
    return line.replace("#", "##")


def _print(args: argparse.Namespace) -> int:
    from garage_tui.core.base.workspace import Workspace
    from garage_tui.core.hardware import reading_text
    from garage_tui.core.hardware.hardware_snapshot import HardwareMeter

    workspace = Workspace.find(args.workspace)
    if not args.line:
        from garage_tui.core.hardware import power_cap

        power_cap.put_back()
    meter = HardwareMeter(workspace.root, brief=args.line)
    snapshot = meter.read()
    meter.close()
    if args.line:
        print(_for_tmux(reading_text.status_line(snapshot, workspace.checkpoints)))
    elif args.json:
        import json

        print(json.dumps(_as_dict(snapshot), indent=2))
    else:
        print("\n".join(reading_text.lines(snapshot)))
    return 0


def _as_dict(value: Any) -> Any:
    """Return a named tuple, and those in it, as dictionaries: JSON would write lists."""
    if not isinstance(value, tuple):
        return value
    names = getattr(value, "_fields", None)
    values = [_as_dict(one) for one in value]
    return dict(zip(names, values, strict=True)) if names else values
