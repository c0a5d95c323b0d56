"""`garage notify`: try the ways in which the end of a run is told."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "notify",
        help="send a test message through every way that the settings name",
        description="Send a test message through every way that `[notify]` names, and say what came of it.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_notify)


def run_notify(args: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from garage_tui.core.base.settings import Workspace, load_settings, user_settings_file
    from garage_tui.core.scheduling.notify import deliver

    settings = load_settings(Workspace.find(args.workspace)).notify
    text = "garage: this is a test; the end of a run is told like this"
    facts = {"run": "test", "state": "finished", "reason": "", "path": ""}
    told = list(deliver(settings, text, facts))
    if args.json:
        print(json.dumps([asdict(one) for one in told], indent=2))
    else:
        for one in told:
            print(f"{'ok  ' if one.ok else 'BAD '}  {one.way}: {one.text}")
        if not told:
            print(f"no way is set; write `command` or `urls` under [notify] in {user_settings_file()}, or use tmux")
    return 0 if all(one.ok for one in told) else 1
