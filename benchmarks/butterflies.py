"""How well a diffusion run draws for its time, beside the net and the settings of Hugging Face's class.

    python benchmarks/butterflies.py [--seeds 0 1 2] [--preset small] [--out FOLDER]

Trains the preset as a user would, then the preset `class` on the same pictures, stopped when its training has taken as
many CPU seconds; both are measured by the same card, with the same sampler (DDPM, 100 steps: the class's own, 1,000
of them, would take longer than its training). Prints a table and keeps the contact sheets in FOLDER.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import psutil

from garage_tui.core.base.phase import silent
from garage_tui.core.diffusion.recipe import DiffusionRecipe, make_recipe
from garage_tui.core.exam.diffusion_report import DiffusionReport, read_diffusion_report
from garage_tui.core.images import contact_sheet
from garage_tui.core.launch import run_control, start
from garage_tui.core.runs.diffusion_files import HELD_OUT, IMAGES, PIPELINE, sheet_of
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings, Workspace

_HEADS = ("seed", "epochs", "CPU s", "wall s", "KID", "floor", "blurred", "copies")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--preset", default="small")
    parser.add_argument("--out", type=Path, default=Path("build/butterflies"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(args.out.resolve())
    print("preset " + "".join(f"{head:>8}" for head in _HEADS))
    for seed in args.seeds:
        recipe = make_recipe(args.preset, seed=seed)
        folder = start.start_diffusion(workspace, Settings(checkpoint_seconds=1e6), recipe, f"{args.preset}-{seed}")
        wait(folder)
        card = read_diffusion_report(folder)
        tell(args.preset, seed, card, folder)
        for epoch in recipe.sheet_epochs:
            shutil.copy(sheet_of(folder, epoch), args.out / f"{args.preset}-{seed}-epoch-{epoch:02}.png")
        # The class's own sheets, 16 pictures by 1,000 steps of DDPM, take minutes each: here it draws hardly any.
        same = msgspec.structs.replace(make_recipe("class", seed=seed, epochs=10_000), sample_steps=4, samples=1)
        other = start.start_diffusion(workspace, Settings(checkpoint_seconds=1e6), same, f"class-{seed}")
        stop_after(other, card.cpu_seconds or 0.0)
        tell("class", seed, measured(other, args.out / f"class-{seed}.png"), other)


def wait(folder: Path) -> None:
    while not read_run(folder).over:
        time.sleep(0.5)
    run = read_run(folder)
    if run.status not in ("finished", "stopped"):
        sys.exit(f"{folder.name}: {run.status}, {run.reason}")


def stop_after(folder: Path, seconds: float) -> None:
    """Stop a run when its training has taken so many CPU seconds."""
    began = None
    while not read_run(folder).over:
        run = read_run(folder)
        # Its supervisor has the same words in its command line, and takes next to nothing.
        mine = [one for one in psutil.process_iter(["cmdline"]) if str(folder) in (one.info["cmdline"] or ())]
        if mine and run.state and run.state.step:
            used = sum(sum(one.cpu_times()[:2]) for one in mine)
            began = used if began is None else began
            if used - began >= seconds:
                run_control.stop(run)
                break
        time.sleep(0.2)
    wait(folder)


def measured(folder: Path, out: Path) -> DiffusionReport:
    """Return the card of a run that was stopped, and leave a sheet of it."""
    from garage_tui.jobs.diffusion.evaluate import card_of
    from garage_tui.jobs.diffusion.pipeline_folder import load_pipeline
    from garage_tui.jobs.diffusion.samplers import sample

    run = read_run(folder)
    assert run.manifest and run.state
    recipe = msgspec.convert(run.manifest.recipe, DiffusionRecipe)
    recipe = msgspec.structs.replace(recipe, sampler="ddpm", sample_steps=100)
    net, schedule = load_pipeline(folder / PIPELINE)
    train, held_out = (np.load(folder / name) for name in (IMAGES, HELD_OUT))
    drawn = sample(net, schedule, 16, recipe.size, seed=recipe.seed, sampler=recipe.sampler, steps=recipe.sample_steps)
    contact_sheet.write(out, drawn, run=folder.name)
    return card_of(net, schedule, recipe, train, held_out, "", run.state.step, silent)


def tell(preset: str, seed: int, card: DiffusionReport, folder: Path) -> None:
    state = read_run(folder).state
    assert state
    cpu = f"{card.cpu_seconds:.0f}" if card.cpu_seconds else "same"
    print(
        f"{preset:7}{seed:>8}{state.epoch:>8.1f}{cpu:>8}{state.active_seconds:>8.0f}{card.kid:>8.3f}{card.floor:>8.3f}"
        f"{card.blurred:>8.3f}{f'{card.copies}/{card.samples}':>8}",
        flush=True,
    )


if __name__ == "__main__":
    main()
