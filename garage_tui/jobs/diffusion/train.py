"""Teach a DDPM to draw: diffusers' UNet2DModel, trained on the pictures of one run folder.

    python -m garage_tui.jobs.diffusion checkpoints/RUN [LOCK-FD,…]

Reads `run.json`, writes `images.npy` and `held_out.npy` (what it learns from and what it is measured on), events,
state, `checkpoint-N/`, `samples/epoch-NNNN.png` and in the end `pipeline/` and `report.json`. The supervisor starts
it; by hand it runs the same.

Whatever is drawn at random comes from the seed and the number of the step or epoch alone, so that a run that was cut
off goes on as if nothing had happened, with no random state to save.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.runs.diffusion_files import PIPELINE
from garage_tui.core.runs.record import MANIFEST, Manifest
from garage_tui.jobs.runtime import checkpointing as saving
from garage_tui.jobs.runtime import run_job as running
from garage_tui.jobs.runtime.interruptions import Interruptions
from garage_tui.jobs.runtime.progress import ENDINGS, Progress
from garage_tui.jobs.runtime.telemetry import Telemetry

OUT_OF_MEMORY = "out of memory; try a smaller batch or smaller pictures"


def main() -> int:
    return running.run(train, OUT_OF_MEMORY)


def train(folder: Path, progress: Progress, telemetry: Telemetry) -> None:
    """Run the recipe of `folder`'s manifest to its end, or until a stop is asked for."""
    manifest = msgspec.json.decode(read_regular(folder / MANIFEST), type=Manifest)
    breaks = Interruptions(progress, telemetry, manifest.limits)
    breaks.check()
    progress.breathe = lambda: breaks.cool(progress.told_step)
    recipe = msgspec.convert(manifest.recipe, DiffusionRecipe)

    from garage_tui.jobs.diffusion.dataset_cache import images_of

    progress.phase("reading the pictures")
    pictures, held_out, label = images_of(folder, manifest, recipe, progress)

    progress.phase("importing torch and diffusers")
    from garage_tui.jobs.diffusion import unet
    from garage_tui.jobs.diffusion.checkpoint import load, save
    from garage_tui.jobs.diffusion.distributed import ProcessGroup
    from garage_tui.jobs.diffusion.reporter import DiffusionReporter
    from garage_tui.jobs.diffusion.train_step import DiffusionTrainer

    ranks = ProcessGroup(folder, len(progress.gpus))
    learner = DiffusionTrainer(recipe, pictures)
    start = saving.find_start(folder, progress)
    if start.folder:
        load(start.folder, start.step, learner.net, learner.optimizer, learner.mean)
    ranks.begin(start.step)

    steps = recipe.steps(len(pictures))
    telling = DiffusionReporter(folder, progress, recipe, learner, pictures, held_out, label, start)
    pace = saving.CheckpointSchedule(manifest.checkpoint_seconds)
    progress.interruptible = False  # from here on a stop saves
    progress.phase(f"training on {len(pictures)} pictures")

    step, hold, net = start.step, None, learner.net
    telling.catch_up(step)
    while step < steps:
        with ranks.step(step):
            loss, count, lr = learner.learn(step)
        step += 1
        telling.step(step, steps, count, loss, lr)

        hold = breaks.hold() if step < steps else None
        leaves = progress.wish() in ("stop", "release", "end") or bool(hold)
        if leaves or progress.wish() == "pause" or breaks.too_hot or pace.due():
            save(folder, step, telling.images, net, learner.optimizer, learner.mean, progress)
            pace.done()
            breaks.cool(step)
            progress.wait_while_paused(step)
        if leaves or progress.wish() in ("stop", "release", "end"):
            break
    ranks.end()

    if hold and not progress.wish():
        progress.end_for_now(step, hold)
        return
    wish = progress.wish() if step < steps else ""
    word, who = ENDINGS.get(wish, ("finished", ""))
    if word in ("finished", "stopped"):
        progress.phase("saving the pipeline")
        with telling.drawing():
            saving.replace_whole(folder / PIPELINE, lambda part: unet.save_pipeline(net, learner.noise_schedule, part))
    if word == "finished":
        progress.end(word, telling.card(step))
    elif word == "stopped":
        progress.end(word, f"{who} at step {step} of {steps}; the pipeline is saved as it was then")
    else:
        progress.end(word, f"{who} at step {step} of {steps}; saved, and its memory is free")
