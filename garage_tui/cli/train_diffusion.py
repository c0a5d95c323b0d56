"""`garage train diffusion`: teach a DDPM to draw, and follow it."""

from __future__ import annotations

import argparse
from typing import Any


def add(kinds: argparse._SubParsersAction[Any]) -> None:
    from garage_tui.cli.train_options import add_usual

    parser = kinds.add_parser(
        "diffusion",
        help="teach a diffusion model to draw",
        description="Teach a DDPM to draw pictures like those of a folder. The run goes on when this shell ends.",
    )
    parser.add_argument(
        "--images", metavar="SOURCE", help="procedural, smithsonian or a folder (default: procedural butterflies)"
    )
    parser.add_argument("--like", metavar="RUN", help="begin with the recipe and the pictures of this run")
    parser.add_argument(
        "--preset", metavar="NAME", help="small, quick, card, large or story (default: small; with a GPU card)"
    )
    parser.add_argument("--size", type=int, metavar="PX", help="side of a picture in pixels")
    parser.add_argument("--fit", choices=("crop", "fit"), help="crop pictures to squares, or fit them into squares")
    parser.add_argument(
        "--flip", action=argparse.BooleanOptionalAction, help="show every picture mirrored half of the time"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="times that every picture is seen")
    parser.add_argument("--batch-size", type=int, metavar="N", help="pictures in one step")
    parser.add_argument("--lr", type=float, metavar="X", help="peak learning rate")
    parser.add_argument("--prediction", metavar="KIND", help="v_prediction, epsilon or sample")
    parser.add_argument("--min-snr", type=float, metavar="X", help="Min-SNR weighting of the loss; 0 leaves it out")
    parser.add_argument(
        "--ema", type=float, metavar="X", help="most that the running mean of the weights keeps; 0: none"
    )
    parser.add_argument("--sampler", metavar="NAME", help="what draws: ddpm, ddim or dpmsolver")
    parser.add_argument("--sample-steps", type=int, metavar="N", help="steps from noise to a picture")
    parser.add_argument("--samples", type=int, metavar="N", help="pictures on a sheet")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, help="torch.compile the net on a GPU")
    parser.add_argument("--seed", type=int, metavar="N", help="same seed, same run")
    add_usual(parser, "that of the pictures, by its")
    parser.set_defaults(run=run_diffusion)


def run_diffusion(args: argparse.Namespace) -> int:
    import sys

    from garage_tui.cli.train_options import limits_from, tell_and_follow
    from garage_tui.core.base.settings import Workspace, load_settings
    from garage_tui.core.diffusion.estimate import estimate_diffusion
    from garage_tui.core.diffusion.image_source import folder_of
    from garage_tui.core.diffusion.recipe import CHANGEABLE, make_recipe, usual_preset
    from garage_tui.core.hardware.gpus import parse_gpus
    from garage_tui.core.launch.rerun import diffusion_recipe_of
    from garage_tui.core.launch.start import runs_before, start_diffusion
    from garage_tui.core.runs.catalog import find_run

    workspace = Workspace.find(args.workspace)
    settings = load_settings(workspace)
    changes = {name: getattr(args, name) for name in CHANGEABLE}
    like = find_run(workspace, args.like) if args.like else None
    if like:
        recipe = diffusion_recipe_of(like, args.preset, **changes)
    else:
        recipe = make_recipe(args.preset or usual_preset(), **changes)
    gpus, limits = parse_gpus(args.gpus or ""), limits_from(args, settings, like)
    folder_of(recipe.images)  # one that is none is refused before anything else is said
    estimate = estimate_diffusion(workspace, recipe, gpus=gpus)
    if not args.json:
        print(estimate.sentence, flush=True)
        print(estimate.memory_text, flush=True)
        if estimate.warning:
            print(estimate.warning, flush=True)
        if waits := limits.describe():
            print(waits, flush=True)
        if before := runs_before(gpus):
            print(f"it will wait for its turn: {before} run{'' if before == 1 else 's'} before it", flush=True)
    command = ["garage", *sys.argv[1:]]
    folder = start_diffusion(workspace, settings, recipe, args.name, command, gpus, limits)
    return tell_and_follow(args, folder, estimate.steps)
