"""`garage serve`: serves the base model and its adapters at one OpenAI-compatible address on 127.0.0.1."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.serving.server_state import ServerSnapshot
    from garage_tui.core.settings.settings import Workspace


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "serve",
        help="serve the base model and its adapters at one OpenAI-compatible address",
        description="Serve the base model and the adapters that were trained on it at one OpenAI-compatible address on "
        "127.0.0.1, until Ctrl-C. The model `garage` is the run in service (`garage promote`). The app and this "
        "command share one server for each workspace.",
    )
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help="offer only these runs (default: all that were trained on the base model)",
    )
    parser.add_argument(
        "--port", type=int, metavar="N", help="TCP port; 0 means any free one (default: from the settings)"
    )
    parser.add_argument(
        "--engine",
        choices=["embedded", "llama.cpp", "vllm"],
        help="inference engine; embedded is transformers (default: from the settings, else vLLM if they name it, else "
        "transformers on a GPU and llama.cpp without one)",
    )
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        help="listen on this address; with 0.0.0.0 other machines can connect, with the key (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--base", metavar="NAME", help="base model (default: that of RUN, of the run in service, or from the settings)"
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--status", action="store_true", help="show whether a server runs here, and its address")
    action.add_argument("--stop", action="store_true", help="stop the server that runs here")
    action.add_argument(
        "--new-key", action="store_true", help="make a new API key; a server that runs here takes it at once"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_serve)


def run_serve(args: argparse.Namespace) -> int:
    from garage_tui.core.serving import server_process, server_state
    from garage_tui.core.settings.settings import Workspace

    workspace = Workspace.find(args.workspace)
    if args.stop:
        was_running = server_state.inspect(workspace).status in server_state.LIVE_STATUSES
        server_process.stop(workspace)
        return _show(workspace, args.json, "the server has stopped" if was_running else "no server was running")
    if args.status:
        return _show(workspace, args.json)
    if args.new_key:
        return _new_key(workspace, args.json)
    return _serve(workspace, args)


def _new_key(workspace: Workspace, as_json: bool) -> int:
    """Make a new key and print its path and from when on it applies, never the key itself."""
    import contextlib
    import json
    import os

    from garage_tui.core.runs.folder import is_alive
    from garage_tui.core.serving import api_key

    running = is_alive(workspace.server)
    if not running:  # a server that was killed may have left the key of its environment
        with contextlib.suppress(OSError):
            api_key.give_back_key(workspace.server)
    applies = api_key.make_new_key(workspace.server)
    file = workspace.server / api_key.KEY
    if as_json:
        print(json.dumps({"key_file": str(file), "running": running, "applies": applies}, indent=2))
        return 0
    print(f"a new key is in {file}" if applies else "a new key is made")
    if not applies:
        print(f"the server that runs here has its key from {api_key.VARIABLE}: the new one applies from its next start")
    elif running:
        print("the server that runs here takes it from now on and refuses the old one: give it to your clients")
    if os.environ.get(api_key.VARIABLE):
        print(f"{api_key.VARIABLE} is set in this shell and wins in a server that is started from it")
    return 0


def _serve(workspace: Workspace, args: argparse.Namespace) -> int:
    """Start the server and wait until Ctrl-C, or until another process stops it.

    Raises:
        BadInputError: an option is wrong.
        GarageError: the server fails.
    """
    import signal
    import time

    from garage_tui.core.base.errors import BadInputError, GarageError
    from garage_tui.core.serving import server_process, server_state
    from garage_tui.core.settings.settings import load_settings

    if args.port is not None and not 0 <= args.port <= 65535:
        raise BadInputError(f"--port {args.port}: give 0 to 65535")
    base, runs = _requested(workspace, args)
    started_here = server_state.inspect(workspace).status not in server_state.LIVE_STATUSES
    options = {"engine": args.engine, "host": args.host}
    settings = load_settings(workspace)
    server_process.start(workspace, settings, base, port=args.port, idle_minutes=0, runs=runs, **options)
    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal ends a foreground server as Ctrl-C does
        if signal.getsignal(number) != signal.SIG_IGN:  # but not one that was started with nohup
            signal.signal(number, signal.default_int_handler)
    try:
        snapshot = _wait_until_ready(workspace, quiet=args.json)
        if not started_here:
            note = "a server is already running here; `garage serve --stop` stops it"
            return _show(workspace, args.json, "" if args.json else note)
        _show(workspace, args.json, "" if args.json else "Ctrl-C stops it")
        while snapshot.status in server_state.LIVE_STATUSES:
            time.sleep(0.3)
            snapshot = server_state.inspect(workspace)
    except KeyboardInterrupt:
        if started_here:
            server_process.stop(workspace)
            if not args.json:
                print("\nstopped")
        return 0
    if snapshot.status == "failed":
        raise GarageError(snapshot.reason)
    if not args.json:
        print("the server was stopped")
    return 0


def _requested(workspace: Workspace, args: argparse.Namespace) -> tuple[str | None, list[str]]:
    """Return the base model (None: the settings') and the ids of the only runs to offer.

    Raises:
        BadInputError: a run has no adapter, or another base model than the others, or the run in service has none.
    """
    import contextlib

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.models import base_models
    from garage_tui.core.runs.catalog import find_run
    from garage_tui.core.runs.diffusion_files import no_chat_reason
    from garage_tui.core.runs.folder import COMPLETE
    from garage_tui.core.runs.promotion import (
        NotServedError,
        base_name,
        run_in_service,
        why_no_base,
        why_not_served,
    )
    from garage_tui.core.runs.service import MEND

    base = base_models.find(args.base).name if args.base else None
    runs: list[str] = []
    for ref in args.runs:
        run = find_run(workspace, ref, lambda one: not why_not_served(one))
        if run.draws:
            raise BadInputError(no_chat_reason(run.id))
        if run.manifest is None or run.adapter is None or run.status not in COMPLETE:
            raise BadInputError(f"{run.id} has no finished adapter to serve ({run.status})")
        trained_on = str(run.manifest.base.get("name"))
        if base is not None and trained_on != base:
            raise BadInputError(f"{run.id} was trained on {trained_on}, not on {base}; one server has one base")
        base = trained_on
        runs.append(run.id)
    if base is None:
        with contextlib.suppress(NotServedError):  # said with the address
            if chosen := run_in_service(workspace):
                if reason := why_no_base(chosen):
                    raise BadInputError(
                        f"the run in service cannot answer: {reason}; {MEND}; --base serves another one"
                    )
                base = base_name(chosen)
    return base or None, list(dict.fromkeys(runs))


def _wait_until_ready(workspace: Workspace, *, quiet: bool) -> ServerSnapshot:
    import sys
    import time

    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.serving import server_state

    printed = ""
    while (snapshot := server_state.inspect(workspace)).status == "starting":
        if snapshot.reason != printed and not quiet:
            printed = snapshot.reason
            print(one_line(printed), file=sys.stderr, flush=True)
        time.sleep(0.1)
    if snapshot.status not in ("ready", "asleep"):
        raise GarageError(snapshot.reason or "the server was stopped while it started")
    return snapshot


def _show(workspace: Workspace, as_json: bool, note: str = "") -> int:
    """Print the state of the server and then `note`, never the key itself; return the exit code."""
    import asyncio
    import json

    from garage_tui.cli.service import service_dict, service_line
    from garage_tui.core.base.format import human_bytes
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.chat import client as chat
    from garage_tui.core.runs.service import read_service
    from garage_tui.core.serving import api_key, server_process, server_state
    from garage_tui.core.serving.server_base import restart_note

    snapshot = server_state.inspect(workspace)
    service = read_service(workspace)
    in_service = service_dict(workspace, service)
    key = workspace.server / api_key.KEY
    ready = snapshot.status in ("ready", "asleep") and snapshot.url is not None
    models = asyncio.run(chat.list_models(server_process.address(workspace))) if ready else []
    if as_json:
        document = {
            "status": snapshot.status,
            "reason": snapshot.reason,
            "base": snapshot.base,
            "url": snapshot.url,
            "models": models,
            "engine": snapshot.engine,
            "memory": snapshot.memory,
            "key_file": str(key) if ready else None,
            "log": str(snapshot.log),
            "service": in_service,
        }
        print(json.dumps(document, indent=2), flush=True)
        return 1 if snapshot.status == "failed" else 0
    if ready:
        print(f"address  {snapshot.url}\nkey      in {key}\nmodels   " + "\n         ".join(models))
        if snapshot.status == "asleep":
            print(one_line(snapshot.reason))
        else:
            memory = f", {human_bytes(snapshot.memory, binary=True)}" if snapshot.memory else ""
            print(f"engine   {snapshot.engine}{memory}")
            if snapshot.reason:
                print(f"         {one_line(snapshot.reason, 300)}")
        print(f"service  {service_line(workspace, service, in_service)}")
        if restart := restart_note(workspace, service):
            print(restart)
        model = example_model(models, str(snapshot.base), snapshot.name, in_service=bool(service.run))
        print("\nTry it (the key goes through a pipe, so that `ps` does not show it):")
        print(_curl(str(snapshot.url), str(key), model) + "\n")
    elif not note:
        states = {"off": "no server is running", "starting": "starting: ", "failed": "failed: "}
        print(states.get(snapshot.status, snapshot.status) + snapshot.reason)
        if service.changes or service.problem:
            print(f"service  {service_line(workspace, service, in_service)}")
    if note:
        print(note, flush=True)
    return 1 if snapshot.status == "failed" else 0


def example_model(models: Sequence[str], base: str, lasting_name: str, *, in_service: bool) -> str:
    """Return the model that the example asks: the one in service, else the newest run, else the base model.

    Args:
        models: what the server offers, runs from the newest to the oldest.
        in_service: whether a run is in service.
    """
    if in_service and lasting_name in models:
        return lasting_name
    return next((name for name in models if name not in (lasting_name, base)), base)


def _curl(url: str, key: str, model: str) -> str:
    import json
    import shlex

    messages = [{"role": "user", "content": "What is TinyLLM?"}]
    body = shlex.quote(json.dumps({"model": model, "temperature": 0, "messages": messages}))
    header = f'printf "Authorization: Bearer %s" "$(cat {shlex.quote(key)})"'
    return f"  {header} |\n    curl -s {url}/chat/completions -H @- -H 'Content-Type: application/json' -d {body}"
