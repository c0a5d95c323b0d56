"""`garage models`, `garage models fetch NAME`."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("models", help="list the base models on this machine and those that can be fetched")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_models)
    actions = parser.add_subparsers(metavar="ACTION")
    fetch = actions.add_parser("fetch", help="fetch a model, or check the hashes of a fetched one")
    fetch.add_argument("name", metavar="NAME", help="a name from `garage models`, or a Hub id (owner/name)")
    fetch.set_defaults(run=run_fetch)


def run_models(args: argparse.Namespace) -> int:
    from garage_tui.core.models import base_models
    from garage_tui.core.settings.settings import models_folder

    found = base_models.list_models()
    if args.json:
        rows = [
            {
                "name": model.name,
                "here": model.here,
                "path": str(model.path) if model.here else None,
                "source": model.source,
                "sha256": model.record.sha256 if model.record else None,
            }
            for model in found
        ]
        print(json.dumps({"folder": str(models_folder()), "models": rows}, indent=2))
        return 0
    for model in found:
        known = model.known
        facts = f"{known.parameters}, {known.licence}, {known.note}" if known else ""
        state = f"here · {model.source}" if model.here else f"not here · {known.download if known else ''}"
        print(f"{model.name}  {facts}\n    {state}")
    print(f"\nFetched models are in {models_folder()}, shared by all workspaces.")
    print("`garage models fetch NAME` fetches one; runs and the chat also fetch what they need.")
    print(
        "NAME may also be the Hub id (OWNER/NAME) of an instruct model with safetensors weights. Only smollm2-135m is\n"
        "tested here; Llama, Mistral and Qwen models can train with Unsloth on a GPU."
    )
    return 0


def run_fetch(args: argparse.Namespace) -> int:
    import subprocess
    import sys

    from garage_tui.cli.phase_bar import print_phases
    from garage_tui.core.base.child_environment import environment
    from garage_tui.core.models import base_models

    base_models.find(args.name)  # an unknown name is refused before anything heavy starts
    command = [sys.executable, "-P", "-m", "garage_tui.jobs.llm.fetch", args.name, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout
        print_phases(process.stdout)
    return process.returncode
