"""`garage train lora`: start a run that teaches facts; it outlives this shell."""

from __future__ import annotations

import argparse

from garage_tui.cli.train.options import announce_and_follow, announce_start, chosen_place, limits_from


def run_lora(args: argparse.Namespace) -> int:
    if args.both:
        from garage_tui.cli.train.both import run_both

        return run_both(args)
    import sys
    from pathlib import Path

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.facts.row_counts import count_rows
    from garage_tui.core.facts.training_file import read_training_file
    from garage_tui.core.hardware.gpus import parse_gpus
    from garage_tui.core.launch.rerun import facts_of, recipe_of
    from garage_tui.core.launch.start import start_lora
    from garage_tui.core.models.base_models import find
    from garage_tui.core.runs.catalog import find_run
    from garage_tui.core.settings.settings import Workspace, load_settings
    from garage_tui.core.training.estimate import estimate_lora
    from garage_tui.core.training.quantization import announce_4bit
    from garage_tui.core.training.recipe import CHANGEABLE, make_recipe

    workspace = Workspace.find(args.workspace)
    settings = load_settings(workspace)
    changes = {name: getattr(args, name) for name in CHANGEABLE}
    like = find_run(workspace, args.like, lambda one: one.manifest is not None and not one.draws) if args.like else None
    if like:
        recipe_of(like)  # a diffusion run is refused before its facts are looked for
    if args.facts:
        file = Path(args.facts)
    elif like:
        file = facts_of(like)
    else:
        raise BadInputError("name what to teach: --facts FILE, or --like RUN")
    taught = read_training_file(file)
    rows = taught.rows
    if like:
        recipe = recipe_of(like, args.preset, rows=len(rows), **changes)
    else:
        changes["base"] = args.base or settings.base_model
        recipe = make_recipe(args.preset or "default", rows=len(rows), **changes)
    gpus, limits = parse_gpus(args.gpus or ""), limits_from(args, settings, like)
    place = chosen_place(args, settings, gpus)  # an unknown place is refused before anything is printed
    base = find(recipe.base)  # an unknown base is refused before anything else is printed
    estimate = estimate_lora(workspace, recipe, base, rows)
    if not args.json:
        for sentence in [*count_rows(taught.file).sentences, estimate.sentence]:
            print(sentence, flush=True)
        if base.fetch_text:
            print(base.fetch_text, flush=True)
        if bits := announce_4bit(recipe, base):
            print(bits, flush=True)
        if estimate.warning:
            print(estimate.warning, flush=True)
        if waits := limits.describe():
            print(waits, flush=True)
    announce_start(args, place, gpus)
    command = ["garage", *sys.argv[1:]]
    folder = start_lora(
        workspace, settings, file, recipe, args.name, command, gpus, limits, taught, base, args.at or ""
    )
    return announce_and_follow(args, folder, estimate.steps)
