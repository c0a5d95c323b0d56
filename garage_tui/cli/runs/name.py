"""`garage name`: gives a run a name and a note."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "name",
        help="give a run a name and a note",
        description="Give a run a name and a note, or print those that it has. Commands take the name wherever they "
        "take a run. The run id and the folder stay as they are.",
    )
    parser.add_argument("ref", metavar="RUN")
    parser.add_argument("name", metavar="NAME", nargs="?", help='the new name; "" removes it')
    parser.add_argument("--note", metavar="TEXT", help='the new note; "" removes it')
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_name)


def run_name(args: argparse.Namespace) -> int:
    import json
    import sys

    from garage_tui.core.runs.catalog import find_run, set_label
    from garage_tui.core.runs.label import DamagedLabelError, Label, read_label
    from garage_tui.core.settings.settings import Workspace

    workspace = Workspace.find(args.workspace)
    run = find_run(workspace, args.ref)
    try:
        label = read_label(run.path)
    except DamagedLabelError as error:
        print(f"{run.id}: {error}", file=sys.stderr)
        label = Label()
    if args.name is not None or args.note is not None:
        name = label.name if args.name is None else args.name
        note = label.note if args.note is None else args.note
        label = set_label(workspace, run, Label(name=name, note=note))
    if args.json:
        print(json.dumps({"id": run.id, "name": label.name or None, "note": label.note or None}, indent=2))
    else:
        print(f"{run.id}: {label.name or 'no name'}")
        if label.note:
            print(label.note)
    return 0
