"""`garage train lora`, and what both kinds of run are told: start a run that outlives this shell, and follow it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from garage_tui.cli import train_diffusion

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.core.care import Care
    from garage_tui.core.runs import Run
    from garage_tui.core.settings import Settings


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("train", help="teach a model")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    lora = kinds.add_parser(
        "lora",
        help="teach facts to a language model",
        description="Teach the facts of a file to a language model. The run goes on when this shell ends.",
    )
    lora.add_argument("--facts", metavar="FILE", help="JSONL: one {question, answer} object a line")
    lora.add_argument("--like", metavar="RUN", help="begin with the recipe and the facts of this run")
    lora.add_argument("--base", metavar="MODEL", help="a name from `garage models`, a folder or a Hub id")
    lora.add_argument("--preset", metavar="NAME", help="default, quick, careful or story")
    lora.add_argument("--both", action="store_true", help="train default and story, then print what differs")
    lora.add_argument("--epochs", type=float, metavar="N", help="times that every row is seen")
    lora.add_argument("--lr", type=float, metavar="X", help="peak learning rate")
    lora.add_argument("--kl", type=float, metavar="X", help="how firmly the rest is held in place; 0 trains plainly")
    lora.add_argument(
        "--load-in-4bit",
        action=argparse.BooleanOptionalAction,
        help="the base in 4 bits, to save memory (default: from 7 billion parameters on, on a GPU)",
    )
    lora.add_argument(
        "--trainer", metavar="NAME", help="auto, unsloth or peft (default: auto, Unsloth where CUDA is and it imports)"
    )
    lora.add_argument(
        "--rank", type=int, metavar="N", help="rank of the adapter (default: 16; 32 for more than 30 rows)"
    )
    lora.add_argument("--alpha", type=int, metavar="N", help="the adapter counts alpha / rank")
    lora.add_argument("--batch-size", type=int, metavar="N", help="rows in one forward pass")
    lora.add_argument("--accumulation", type=int, metavar="N", help="forward passes in one step")
    lora.add_argument("--warmup-steps", type=int, metavar="N", help="steps until the peak learning rate")
    lora.add_argument("--max-length", type=int, metavar="N", help="tokens after which a row is cut")
    lora.add_argument("--seed", type=int, metavar="N", help="same seed, same run")
    add_usual(lora, "the file's")
    lora.set_defaults(run=run_lora)
    train_diffusion.add(kinds)


def add_usual(parser: argparse.ArgumentParser, named: str) -> None:
    """Add what every kind of run can be told."""
    parser.add_argument(
        "--gpus", metavar="N,…", help="indices of the GPUs to work on (default: the first that is free)"
    )
    parser.add_argument("--max-temp", type=float, metavar="C", help="pause above this temperature (default: [heat])")
    parser.add_argument("--power-cap", type=float, metavar="W", help="power cap of its GPUs while it works; needs root")
    parser.add_argument(
        "--only", action="append", metavar="HH:MM-HH:MM", help="work only between these times (default: [hours])"
    )
    parser.add_argument("--sunny", action=argparse.BooleanOptionalAction, help="wait until the sun pays for it ([sun])")
    parser.add_argument("--name", metavar="NAME", help=f"readable end of the run id (default: {named} name)")
    parser.add_argument("--detach", action="store_true", help="start the run and return at once")
    parser.add_argument("--json", action="store_true", help="JSON lines: the run, its events, its end")


def care_from(args: argparse.Namespace, settings: Settings, like: Run | None = None) -> Care:
    """Return what the run waits for: the settings', or those of the run that it is like, and what was said here."""
    import msgspec

    from garage_tui.core.care import COOLS_BY, care_of
    from garage_tui.core.settings import COOLEST

    changes = msgspec.structs.asdict(like.manifest.care) if like and like.manifest else {}
    if args.max_temp is not None:
        # A limit that was said here goes with its own distance to the point where the run goes on.
        changes |= {"max_temp_c": args.max_temp, "resume_temp_c": max(COOLEST, args.max_temp - COOLS_BY)}
    said = {"power_cap_w": args.power_cap, "only": tuple(args.only) if args.only else None, "sunny": args.sunny}
    return care_of(settings, **{**changes, **{key: value for key, value in said.items() if value is not None}})


def run_lora(args: argparse.Namespace) -> int:
    if args.both:
        from garage_tui.cli.both import run_both

        return run_both(args)
    import sys
    from pathlib import Path

    from garage_tui.core import facts, models
    from garage_tui.core.again import facts_of, recipe_of
    from garage_tui.core.care import in_words
    from garage_tui.core.errors import BadInputError
    from garage_tui.core.estimate import estimate_lora
    from garage_tui.core.four_bit import words
    from garage_tui.core.launcher import runs_before, start_lora
    from garage_tui.core.recipe import CHANGEABLE, make_recipe, parse_gpus
    from garage_tui.core.runs import find_run
    from garage_tui.core.settings import Workspace, load_settings

    workspace = Workspace.find(args.workspace)
    settings = load_settings(workspace)
    changes = {name: getattr(args, name) for name in CHANGEABLE}
    like = find_run(workspace, args.like) if args.like else None
    if like:
        recipe_of(like)  # one that was taught no facts is called so before its facts are looked for
    if args.facts:
        file = Path(args.facts)
    elif like:
        file = facts_of(like)
    else:
        raise BadInputError("say what to teach: --facts FILE, or --like RUN")
    rows = facts.training_rows(file)
    if like:
        recipe = recipe_of(like, args.preset, rows=len(rows), **changes)
    else:
        changes["base"] = args.base or settings.base_model
        recipe = make_recipe(args.preset or "default", rows=len(rows), **changes)
    gpus, care = parse_gpus(args.gpus or ""), care_from(args, settings, like)
    models.find(recipe.base)  # a base that is none is refused before anything else is said
    estimate = estimate_lora(workspace, recipe, rows)
    if not args.json:
        print(estimate.sentence, flush=True)
        if bits := words(recipe):
            print(bits, flush=True)
        if estimate.warning:
            print(estimate.warning, flush=True)
        if waits := in_words(care):
            print(waits, flush=True)
        if before := runs_before(gpus):
            print(f"it will wait for its turn: {before} run{'' if before == 1 else 's'} before it", flush=True)
    folder = start_lora(workspace, settings, file, recipe, args.name, ["garage", *sys.argv[1:]], gpus, care)
    return tell_and_follow(args, folder, estimate.steps)


def tell_and_follow(args: argparse.Namespace, folder: Path, steps: int) -> int:
    """Say which run was started and, unless it was told to leave it alone, follow it."""
    import json

    if args.json:
        print(json.dumps({"run": folder.name, "path": str(folder), "steps": steps}), flush=True)
    else:
        print(f"run {folder.name}")
    if args.detach:
        if not args.json:
            print(f"it goes on by itself; see it with `garage logs {folder.name} -f` or in the app")
        return 0
    from garage_tui.cli.follow import follow_as_json, follow_as_text

    return follow_as_json(folder) if args.json else follow_as_text(folder)
