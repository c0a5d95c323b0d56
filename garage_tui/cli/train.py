"""`garage train lora`: start a run that outlives this shell, and follow it."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("train", help="teach a model")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    lora = kinds.add_parser(
        "lora",
        help="teach facts to a language model",
        description="Teach the facts of a file to a language model. The run goes on when this shell ends.",
    )
    lora.add_argument("--facts", metavar="FILE", required=True, help="JSONL: one {question, answer} object a line")
    lora.add_argument("--base", metavar="MODEL", help="a name from `garage models`, a folder or a Hub id")
    lora.add_argument("--preset", metavar="NAME", default="default", help="default, quick or story")
    lora.add_argument("--epochs", type=float, metavar="N", help="times that every row is seen")
    lora.add_argument("--lr", type=float, metavar="X", help="peak learning rate")
    lora.add_argument("--rank", type=int, metavar="N", help="rank of the adapter")
    lora.add_argument("--seed", type=int, metavar="N")
    lora.add_argument("--name", metavar="NAME", help="readable end of the run id (default: the file's name)")
    lora.add_argument("--detach", action="store_true", help="start the run and return at once")
    lora.add_argument("--json", action="store_true", help="JSON lines: the run, its events, its end")
    lora.set_defaults(run=run_lora)


def run_lora(args: argparse.Namespace) -> int:
    import json
    import sys
    from pathlib import Path

    from garage_tui.core import facts, models
    from garage_tui.core.estimate import estimate_lora
    from garage_tui.core.launcher import start_lora
    from garage_tui.core.recipe import make_recipe
    from garage_tui.core.settings import Workspace, load_settings

    workspace = Workspace.find(args.workspace)
    settings = load_settings(workspace)
    recipe = make_recipe(
        args.preset,
        base=args.base or settings.base_model,
        epochs=args.epochs,
        lr=args.lr,
        rank=args.rank,
        seed=args.seed,
    )
    models.find(recipe.base)  # a base that is none is refused before anything else is said
    file = Path(args.facts)
    estimate = estimate_lora(workspace, recipe, facts.training_rows(file))
    if not args.json:
        print(estimate.sentence, flush=True)
    folder = start_lora(workspace, settings, file, recipe, args.name, ["garage", *sys.argv[1:]])
    if args.json:
        print(json.dumps({"run": folder.name, "path": str(folder), "steps": estimate.steps}), flush=True)
    else:
        print(f"run {folder.name}")
    if args.detach:
        if not args.json:
            print(f"it goes on by itself; see it with `garage logs {folder.name} -f` or in the app")
        return 0
    from garage_tui.cli.follow import follow_as_json, follow_as_text

    return follow_as_json(folder) if args.json else follow_as_text(folder)
