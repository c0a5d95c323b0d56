"""`garage train lora --both`: trains the same facts with the presets default and story, then compares the runs."""

from __future__ import annotations

import argparse

_OWN = ("base", "seed")
"""Options that apply to both runs; all others are what distinguishes the presets."""


def run_both(args: argparse.Namespace) -> int:
    from pathlib import Path

    from garage_tui.cli.runs.compare import print_comparison
    from garage_tui.cli.runs.follow import follow_as_text
    from garage_tui.cli.train.options import chosen_place, limits_from
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.format import plural
    from garage_tui.core.facts.row_counts import count_rows
    from garage_tui.core.facts.training_file import read_training_file
    from garage_tui.core.hardware.busy import busy_text
    from garage_tui.core.hardware.gpus import parse_gpus, usable
    from garage_tui.core.launch.paired_launch import PairedLaunch, start_both
    from garage_tui.core.launch.start import runs_before
    from garage_tui.core.models.base_models import find
    from garage_tui.core.runs.record import read_run
    from garage_tui.core.settings.settings import Workspace, load_settings
    from garage_tui.core.training.recipe import CHANGEABLE

    options = ("preset", "like", "json", *(name for name in CHANGEABLE if name not in _OWN))
    refused = [name for name in options if getattr(args, name) is not None and getattr(args, name) is not False]
    if refused:
        given = ", ".join(f"--{name.replace('_', '-')}" for name in refused)
        raise BadInputError(f"--both trains with the presets default and story as they are: leave out {given}")
    if not args.facts:
        raise BadInputError("name what to teach: --facts FILE")
    workspace = Workspace.find(args.workspace)
    settings, file, gpus = load_settings(workspace), Path(args.facts), parse_gpus(args.gpus or "")
    name, model = args.name or file.stem, args.base or settings.base_model
    both = PairedLaunch(file, name, model, args.seed or 0, gpus, args.at or "")
    place = chosen_place(args, settings, gpus)  # an unknown place is refused before anything is printed
    limits = limits_from(args, settings)
    base = find(both.base)
    taught = read_training_file(file)
    for sentence in [*count_rows(taught.file).sentences, base.fetch_text, busy_text(usable())]:
        if sentence:
            print(sentence)
    for line in both.cost_lines(workspace, base, taught.rows):
        print(line)
    if place:
        print(f"they work at {place.name} ({place.where}), whose queue decides when; the times above are this box's")
    elif before := runs_before(gpus):
        print(f"they will wait in the queue: {plural(before, 'run')} before them")
    first, second = start_both(workspace, settings, both, limits=limits, base=base, taught=taught)
    print(f"run {first.name}\nrun {second.name}", flush=True)
    compare = f"garage compare {first.name} {second.name}"
    if args.detach:
        print(f"the runs continue by themselves; when both are done, compare them with `{compare}`")
        return 0
    codes = []
    for folder in (first, second):
        print(f"\n{folder.name}", flush=True)
        codes.append(follow_as_text(folder))
        if not read_run(folder).over:  # Ctrl-C stopped following it
            print(f"when both are done: `{compare}`")
            return 0
    print()
    print_comparison(read_run(first), read_run(second))
    return max(codes)
