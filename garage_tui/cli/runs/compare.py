"""`garage compare RUN RUN`: the differences between two runs, and their results."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.runs.record import Run


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("compare", help="show the differences between two runs, and their results")
    parser.add_argument("first", metavar="RUN")
    parser.add_argument("second", metavar="RUN")
    parser.add_argument("--all", action="store_true", help="also show equal values")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_compare)


def run_compare(args: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from garage_tui.core.exam.compare_runs import compare
    from garage_tui.core.runs.catalog import find_run
    from garage_tui.core.settings.settings import Workspace

    workspace = Workspace.find(args.workspace)
    first, second = find_run(workspace, args.first), find_run(workspace, args.second)
    if args.json:
        print(json.dumps([{**asdict(row), "same": row.same} for row in compare(first, second)], indent=2))
    else:
        print_comparison(first, second, everything=args.all)
    return 0


def print_comparison(first: Run, second: Run, everything: bool = False) -> None:
    """Print what differs between two runs, or everything."""
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.exam.compare_runs import compare

    rows = compare(first, second)
    names = one_line(first.id), one_line(second.id)
    shown = [row for row in rows if everything or not row.same]
    left = max(len(names[0]), *(len(row.first) for row in shown), 0)
    name = max((len(row.title) for row in shown), default=0)
    print(f"{'':<{name}}  {names[0]:<{left}}  {names[1]}")
    for row in shown:
        print(f"{row.title:<{name}}  {row.first:<{left}}  {row.second}")
    if not everything:
        print(f"({len(rows) - len(shown)} equal values are hidden; --all shows them)")
