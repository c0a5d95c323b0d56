"""The job of a diffusion run: trains diffusers' UNet2DModel as a DDPM on the pictures of its run folder.

    python -m garage_tui.jobs.diffusion checkpoints/RUN [LOCK-FD,…]

Reads `run.json`, writes `images.npy` and `held_out.npy` (the training and the held-out pictures), events, state,
`checkpoint-N/`, `samples/epoch-NNNN.png` and in the end `pipeline/` and `report.json`. The supervisor starts it; it can
also be started by hand, also as several ranks by a launcher (torchrun, srun; `launched_ranks.py`).

All random numbers depend only on the seed and the number of the step or epoch, so that an interrupted run continues
exactly, without a saved random state.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.runs.diffusion_files import PIPELINE
from garage_tui.core.runs.folder import COMPLETE
from garage_tui.core.runs.record import read_run
from garage_tui.jobs.runtime import checkpointing, run_job
from garage_tui.jobs.runtime.launcher import launched_process
from garage_tui.jobs.runtime.progress import ENDINGS
from garage_tui.jobs.runtime.run_job import Job

if TYPE_CHECKING:
    from garage_tui.jobs.diffusion.launched_ranks import LaunchedGroup

OUT_OF_MEMORY = "out of memory; try a smaller batch or smaller pictures"


def main() -> int:
    process = launched_process()
    if process is None:
        return run_job.run(train, DiffusionRecipe, OUT_OF_MEMORY)
    from garage_tui.jobs.diffusion import launched_ranks

    try:
        launched_ranks.describe_to_torch(process)
        if process.rank:
            return launched_ranks.follow_rank_0(process, Path(sys.argv[1]).resolve())
    except GarageError as error:
        print(error, file=sys.stderr, flush=True)
        return 2 if isinstance(error, BadInputError) else 1
    ranks = launched_ranks.LaunchedGroup(process)
    return run_job.run(lambda job: train(job, ranks), DiffusionRecipe, OUT_OF_MEMORY)


def train(job: Job[DiffusionRecipe], launched_ranks: LaunchedGroup | None = None) -> None:
    """Run a recipe to its end, or until a stop is requested.

    Args:
        launched_ranks: the other ranks, if a launcher started them; by default one is started for each further GPU.
    """
    folder, manifest, recipe, progress = job.folder, job.manifest, job.recipe, job.progress
    interruptions = job.interruptions

    from garage_tui.jobs.diffusion.dataset_cache import images_of

    progress.start_phase("reading the pictures")
    pictures, held_out, label = images_of(folder, manifest, recipe, progress)

    progress.start_phase("importing torch and diffusers")
    from garage_tui.core.diffusion.pipeline_card import pipeline_card
    from garage_tui.jobs.diffusion.checkpoint import load, save
    from garage_tui.jobs.diffusion.distributed import ProcessGroup
    from garage_tui.jobs.diffusion.pipeline_folder import save_pipeline
    from garage_tui.jobs.diffusion.reporter import DiffusionReporter
    from garage_tui.jobs.diffusion.train_step import DiffusionTrainer

    ranks = launched_ranks or ProcessGroup(folder, len(progress.gpus))
    trainer = DiffusionTrainer(recipe, pictures)
    start = checkpointing.find_resume_point(folder, progress)
    if start.folder:
        load(start.folder, start.step, trainer.net, trainer.optimizer, trainer.mean)
    ranks.begin(start.step)

    steps = recipe.steps(len(pictures))
    reporter = DiffusionReporter(folder, progress, recipe, trainer, pictures, held_out, label, start)
    pace = checkpointing.CheckpointSchedule(manifest.checkpoint_seconds)
    progress.interruptible = False  # from here on a stop saves
    progress.start_phase(f"training on {plural(len(pictures), 'picture')}")

    step, hold, net = start.step, None, trainer.net
    reporter.catch_up(step)
    while step < steps:
        with ranks.step(step):
            loss, count, lr = trainer.learn(step)
        step += 1
        reporter.step(step, steps, count, loss, lr)

        hold = interruptions.hold() if step < steps else None
        leaves = progress.requested() in ("stop", "release", "end") or bool(hold)
        if leaves or progress.requested() == "pause" or interruptions.too_hot or pace.due():
            save(folder, step, reporter.images, net, trainer.optimizer, trainer.mean, progress)
            pace.done()
            interruptions.cool(step)
            progress.wait_while_paused(step)
        if leaves or progress.requested() in ("stop", "release", "end"):
            break
    ranks.end()

    if hold and not progress.requested():
        progress.suspend(step, hold)
        return
    request = progress.requested() if step < steps else ""
    word, who = ENDINGS.get(request, ("finished", ""))
    if word in COMPLETE:
        progress.start_phase("saving the pipeline")
        card = pipeline_card(read_run(folder).manifest or manifest, recipe, step)  # the pictures are in it by now
        with reporter.drawing():
            checkpointing.replace_folder(
                folder / PIPELINE, lambda part: save_pipeline(net, trainer.noise_schedule, part, card)
            )
    if word == "finished":
        progress.end(word, reporter.card(step))
    elif word == "stopped":
        progress.end(word, f"{who} at step {step} of {steps}; the pipeline is saved as it was then")
    else:
        progress.end(word, f"{who} at step {step} of {steps}; saved, and its memory is freed")
