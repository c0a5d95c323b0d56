"""`garage chat`: opens the app on the Chat screen."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "chat",
        help="open the app on the Chat screen",
        description="Open the app on the Chat screen, with the newest tuned model or the one of RUN.",
    )
    parser.add_argument("--run", metavar="RUN", dest="run_ref", help="the run to chat with (default: the newest)")
    parser.set_defaults(run=run_chat)


def run_chat(args: argparse.Namespace) -> int:
    from garage_tui.__main__ import open_app
    from garage_tui.cli.ask import tuned
    from garage_tui.core.settings.settings import Workspace

    run = tuned(Workspace.find(args.workspace), args.run_ref) if args.run_ref else None
    args.screen, args.talk_to = "chat", run.id if run else None
    return open_app(args)
