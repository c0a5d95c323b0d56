"""`garage serve`: base and adapters behind one OpenAI-compatible address on 127.0.0.1."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.base.settings import Workspace
    from garage_tui.core.serving.server_state import ServerSnapshot


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "serve",
        help="base and adapters behind one OpenAI-compatible address",
        description="Serve the base model and the adapters trained on it behind one OpenAI-compatible address on "
        "127.0.0.1, until Ctrl-C. The app and this command share one server for each workspace.",
    )
    parser.add_argument(
        "runs", nargs="*", metavar="RUN", help="offer only these runs (default: all trained on the base)"
    )
    parser.add_argument(
        "--port", type=int, metavar="N", help="TCP port; 0 takes any free one (default: from the settings)"
    )
    parser.add_argument(
        "--engine", choices=["embedded", "vllm"], help="what answers (default: vLLM where the settings name one)"
    )
    parser.add_argument(
        "--host", metavar="ADDRESS", help="listen there: 0.0.0.0 lets others in who have the key (default: 127.0.0.1)"
    )
    parser.add_argument("--base", metavar="NAME", help="base model (default: that of RUN, else from the settings)")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--status", action="store_true", help="say whether a server runs here, and where")
    action.add_argument("--stop", action="store_true", help="stop the server that runs here")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_serve)


def run_serve(args: argparse.Namespace) -> int:
    from garage_tui.core.base.settings import Workspace
    from garage_tui.core.serving import server_process as server
    from garage_tui.core.serving import server_state

    workspace = Workspace.find(args.workspace)
    if args.stop:
        was = server_state.inspect(workspace).status in server_state.LIVE_STATUSES
        server.stop(workspace)
        return _show(workspace, args.json, "the server has left" if was else "no server was running")
    if args.status:
        return _show(workspace, args.json)
    return _serve(workspace, args)


def _serve(workspace: Workspace, args: argparse.Namespace) -> int:
    """Start the server and stay until Ctrl-C, or until somebody else stops it."""
    import signal
    import time

    from garage_tui.core.base.errors import BadInputError, GarageError
    from garage_tui.core.base.settings import load_settings
    from garage_tui.core.serving import server_process as server
    from garage_tui.core.serving import server_state

    if args.port is not None and not 0 <= args.port <= 65535:
        raise BadInputError(f"--port {args.port}: give 0 to 65535")
    base, runs = _wanted(workspace, args)
    mine = server_state.inspect(workspace).status not in server_state.LIVE_STATUSES
    how = {"engine": args.engine, "host": args.host}
    server.start(workspace, load_settings(workspace), base, port=args.port, idle_minutes=0, runs=runs, **how)
    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal ends a foreground server as Ctrl-C does
        if signal.getsignal(number) != signal.SIG_IGN:  # but not one that was started with nohup
            signal.signal(number, signal.default_int_handler)
    try:
        seen = _wait_until_ready(workspace, quiet=args.json)
        if not mine:
            said = "a server runs here already; `garage serve --stop` stops it"
            return _show(workspace, args.json, "" if args.json else said)
        _show(workspace, args.json, "" if args.json else "Ctrl-C stops it")
        while seen.status in ("ready", "asleep"):
            time.sleep(0.3)
            seen = server_state.inspect(workspace)
    except KeyboardInterrupt:
        if mine:
            server.stop(workspace)
            if not args.json:
                print("\nstopped")
        return 0
    if seen.status == "failed":
        raise GarageError(seen.reason)
    if not args.json:
        print("the server was stopped")
    return 0


def _wanted(workspace: Workspace, args: argparse.Namespace) -> tuple[str | None, list[str]]:
    """Return the base (None: the settings') and the ids of the only runs to offer.

    Raises:
        BadInputError: a run has no adapter, or another base than the others.
    """
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.models import base_models as models
    from garage_tui.core.runs.catalog import find_run
    from garage_tui.core.runs.diffusion_files import no_chat_reason

    base = models.find(args.base).name if args.base else None
    runs: list[str] = []
    for ref in args.runs:
        run = find_run(workspace, ref)
        if run.draws:
            raise BadInputError(no_chat_reason(run.id))
        if run.manifest is None or run.adapter is None or run.status not in ("finished", "stopped"):
            raise BadInputError(f"{run.id} has no finished adapter to serve ({run.status})")
        trained_on = str(run.manifest.base.get("name"))
        if base is not None and trained_on != base:
            raise BadInputError(f"{run.id} was trained on {trained_on}, not on {base}; one server has one base")
        base = trained_on
        runs.append(run.id)
    return base, list(dict.fromkeys(runs))


def _wait_until_ready(workspace: Workspace, *, quiet: bool) -> ServerSnapshot:
    import sys
    import time

    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.serving import server_state

    said = ""
    while (seen := server_state.inspect(workspace)).status == "starting":
        if seen.reason != said and not quiet:
            said = seen.reason
            print(one_line(said), file=sys.stderr, flush=True)
        time.sleep(0.1)
    if seen.status not in ("ready", "asleep"):
        raise GarageError(seen.reason or "the server was stopped while it started")
    return seen


def _show(workspace: Workspace, as_json: bool, note: str = "") -> int:
    """Print what the server is, with `note` as the last line; the key itself is never printed."""
    import asyncio
    import json

    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.chat import client as chat
    from garage_tui.core.serving import server_process as server
    from garage_tui.core.serving import server_state

    seen = server_state.inspect(workspace)
    key = workspace.server / server_state.KEY
    ready = seen.status in ("ready", "asleep") and seen.url is not None
    found = asyncio.run(chat.list_models(server.address(workspace))) if ready else []
    if as_json:
        document = {
            "status": seen.status,
            "reason": seen.reason,
            "base": seen.base,
            "url": seen.url,
            "models": found,
            "engine": seen.engine,
            "memory": seen.memory,
            "key_file": str(key) if ready else None,
            "log": str(seen.log),
        }
        print(json.dumps(document, indent=2), flush=True)
        return 1 if seen.status == "failed" else 0
    if ready:
        print(f"address  {seen.url}\nkey      in {key}\nmodels   " + "\n         ".join(found))
        if seen.status == "asleep":
            print(one_line(seen.reason))
        else:
            print(f"engine   {seen.engine}" + (f", {seen.memory / 2**30:.1f} GiB" if seen.memory else ""))
        print("\nTry it (the key goes through a pipe, where `ps` does not see it):")
        print(_curl(str(seen.url), str(key), found) + "\n")
    elif not note:
        words = {"off": "no server is running", "starting": "starting: ", "failed": "failed: "}
        print(words.get(seen.status, seen.status) + seen.reason)
    if note:
        print(note, flush=True)
    return 1 if seen.status == "failed" else 0


def _curl(url: str, key: str, models: list[str]) -> str:
    import json
    import shlex

    messages = [{"role": "user", "content": "What is TinyLLM?"}]
    body = shlex.quote(json.dumps({"model": models[-1], "temperature": 0, "messages": messages}))
    header = f'printf "Authorization: Bearer %s" "$(cat {shlex.quote(key)})"'
    return f"  {header} |\n    curl -s {url}/chat/completions -H @- -H 'Content-Type: application/json' -d {body}"
