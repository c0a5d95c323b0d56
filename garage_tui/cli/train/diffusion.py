"""`garage train diffusion`: starts a run that teaches a DDPM to draw, and follows it."""

from __future__ import annotations

import argparse
from typing import Any


def add(kinds: argparse._SubParsersAction[Any]) -> None:
    from garage_tui.cli.train.options import add_common

    parser = kinds.add_parser(
        "diffusion",
        help="teach a diffusion model to draw",
        description="Teach a DDPM to draw pictures like those of a folder. The run continues when this shell ends.",
    )
    parser.add_argument(
        "--images", metavar="SOURCE", help="procedural, smithsonian or a folder (default: procedural butterflies)"
    )
    parser.add_argument("--like", metavar="RUN", help="use the recipe and the pictures of this run")
    parser.add_argument(
        "--preset", metavar="NAME", help="small, quick, card, large, class or story (default: small; with a GPU, card)"
    )
    parser.add_argument("--size", type=int, metavar="PX", help="width and height of a picture in pixels")
    parser.add_argument("--fit", choices=("crop", "fit"), help="crop pictures to squares, or fit them into squares")
    parser.add_argument(
        "--flip", action=argparse.BooleanOptionalAction, help="show every picture mirrored half of the time"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="how often every picture is trained on")
    parser.add_argument("--batch-size", type=int, metavar="N", help="pictures in one step")
    parser.add_argument("--lr", type=float, metavar="X", help="peak learning rate")
    parser.add_argument("--prediction", metavar="KIND", help="v_prediction, epsilon or sample")
    parser.add_argument("--min-snr", type=float, metavar="X", help="Min-SNR weighting of the loss; 0: no weighting")
    parser.add_argument("--ema", type=float, metavar="X", help="maximum EMA decay of the weights; 0: no EMA")
    parser.add_argument("--sampler", metavar="NAME", help="sampler that draws: ddpm, ddim or dpmsolver")
    parser.add_argument("--sample-steps", type=int, metavar="N", help="sampler steps from noise to a picture")
    parser.add_argument("--samples", type=int, metavar="N", help="pictures on a contact sheet")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, help="torch.compile the U-Net on a GPU")
    parser.add_argument("--seed", type=int, metavar="N", help="random seed; the same seed gives the same run")
    add_common(parser, "the name of the pictures", "several share each batch, a process on each")
    parser.set_defaults(run=run_diffusion)


def run_diffusion(args: argparse.Namespace) -> int:
    import sys

    from garage_tui.cli.train.options import announce_and_follow, announce_start, chosen_place, limits_from
    from garage_tui.core.diffusion.estimate import estimate_diffusion
    from garage_tui.core.diffusion.image_source import folder_of
    from garage_tui.core.diffusion.recipe import CHANGEABLE, default_preset, make_recipe
    from garage_tui.core.hardware.gpus import parse_gpus
    from garage_tui.core.images.image_folder import require_pictures
    from garage_tui.core.launch.rerun import diffusion_recipe_of
    from garage_tui.core.launch.start import start_diffusion
    from garage_tui.core.runs.catalog import find_run
    from garage_tui.core.settings.settings import Workspace, load_settings

    workspace = Workspace.find(args.workspace)
    settings = load_settings(workspace)
    changes = {name: getattr(args, name) for name in CHANGEABLE}
    like = find_run(workspace, args.like, lambda one: one.draws) if args.like else None
    if like:
        recipe = diffusion_recipe_of(like, args.preset, **changes)
    else:
        recipe = make_recipe(args.preset or default_preset(), **changes)
    gpus, limits = parse_gpus(args.gpus or ""), limits_from(args, settings, like)
    place = chosen_place(args, settings, gpus)  # an unknown place is refused before anything is printed
    if folder := folder_of(recipe.images):  # what no run can learn from is refused before anything is printed
        require_pictures(folder)
    estimate = estimate_diffusion(workspace, recipe, gpus=gpus)
    if not args.json:
        print(estimate.sentence, flush=True)
        print(estimate.memory_text, flush=True)
        if estimate.warning:
            print(estimate.warning, flush=True)
        if waits := limits.describe():
            print(waits, flush=True)
    announce_start(args, place, gpus)
    command = ["garage", *sys.argv[1:]]
    started = start_diffusion(workspace, settings, recipe, args.name, command, gpus, limits, args.at or "")
    return announce_and_follow(args, started, estimate.steps)
