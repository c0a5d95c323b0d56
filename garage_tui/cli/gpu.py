"""`garage gpu`: one reading of the gauges."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "gpu",
        help="heat, power and memory of the GPUs and of this box, once",
        description="Print one reading. A GPU that sleeps is left asleep.",
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="one JSON document; what is absent is null")
    shown.add_argument(
        "--line", action="store_true", help="one short line with the run that is running, for tmux's status bar"
    )
    parser.set_defaults(run=run_gpu)


def run_gpu(args: argparse.Namespace) -> int:
    if not args.line:
        return _print(args)
    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.base.sanitize import one_line

    try:
        return _print(args)
    except (GarageError, OSError) as error:  # a status bar asks every few seconds, and has room for a few words
        print(_for_tmux(one_line(f"garage: {error}", 60)))
        return 0


def _for_tmux(line: str) -> str:
    """Return a line that tmux shows as it is: a run may be named `#[fg=red]`, or like a format that tmux fills in."""
    return line.replace("#", "##")


def _print(args: argparse.Namespace) -> int:
    from garage_tui.core.base.workspace import Workspace
    from garage_tui.core.hardware import readout as meter_words
    from garage_tui.core.hardware.snapshot import HardwareMeter

    workspace = Workspace.find(args.workspace)
    if not args.line:
        from garage_tui.core.hardware import power_cap

        power_cap.put_back()
    meter = HardwareMeter(workspace.root, brief=args.line)
    look = meter.read()
    meter.close()
    if args.line:
        print(_for_tmux(meter_words.status_line(look, workspace.checkpoints)))
    elif args.json:
        import json

        print(json.dumps(_with_names(look), indent=2))
    else:
        print("\n".join(meter_words.lines(look)))
    return 0


def _with_names(value: Any) -> Any:
    """Return a named tuple, and those in it, as dictionaries: JSON would have lists of them."""
    if not isinstance(value, tuple):
        return value
    names = getattr(value, "_fields", None)
    values = [_with_names(one) for one in value]
    return dict(zip(names, values, strict=True)) if names else values
