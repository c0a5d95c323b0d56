"""`garage notify`: sends a test notification."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "notify",
        help="send a test notification through every channel in the settings",
        description="Send a test notification through every channel in `[notify]`, and print the results.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_notify)


def run_notify(args: argparse.Namespace) -> int:
    import json

    from garage_tui.core.scheduling.notify import deliver
    from garage_tui.core.settings.settings import Workspace, load_settings, user_settings_file

    settings = load_settings(Workspace.find(args.workspace)).notify
    text = "garage: this is a test of the notifications at the end of a run"
    details = {"run": "test", "state": "finished", "reason": "", "path": ""}
    sent = list(deliver(settings, text, details))
    if args.json:
        print(json.dumps([{"way": one.way, "ok": one.ok, "words": one.text} for one in sent], indent=2))
    else:
        for one in sent:
            print(f"{'ok  ' if one.ok else 'BAD '}  {one.way}: {one.text}")
        if not sent:
            print(
                f"no channel is set up: write `command` or `urls` under [notify] in {user_settings_file()}, or use tmux"
            )
    return 0 if all(one.ok for one in sent) else 1
