"""Teach a DDPM to draw: diffusers' UNet2DModel, trained on the pictures of one run folder.

    python -m garage_tui.jobs.diffusion checkpoints/RUN [LOCK-FD,…]

Reads `run.json`, writes `images.npy` and `held_out.npy` (what it learns from and what it is measured on), events,
state, `checkpoint-N/`, `samples/epoch-NNNN.png` and in the end `pipeline/` and `report.json`. The supervisor starts
it; by hand it runs the same.

Whatever is drawn at random comes from the seed and the number of the step or epoch alone, so that a run that was cut
off goes on as if nothing had happened, with no random state to save.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.diffusion_recipe import DiffusionRecipe
from garage_tui.core.drawn import PIPELINE
from garage_tui.core.runs import MANIFEST, Manifest
from garage_tui.jobs import running, saving
from garage_tui.jobs.breaks import Breaks
from garage_tui.jobs.events import ENDINGS, Progress
from garage_tui.jobs.telemetry import Telemetry

OUT_OF_MEMORY = "out of memory; try a smaller batch or smaller pictures"
_LEAST_RATE = 0.02
"""Of the peak learning rate, what is left at the end."""


def main() -> int:
    return running.run(train, OUT_OF_MEMORY)


def train(folder: Path, progress: Progress, telemetry: Telemetry) -> None:
    """Run the recipe of `folder`'s manifest to its end, or until a stop is asked for."""
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    breaks = Breaks(progress, telemetry, manifest.care)
    breaks.check()
    progress.breathe = lambda: breaks.cool(progress.told_step)
    recipe = msgspec.convert(manifest.recipe, DiffusionRecipe)

    from garage_tui.jobs.run_images import images_of

    progress.phase("reading the pictures")
    pictures, held_out, label = images_of(folder, manifest, recipe, progress)

    progress.phase("importing torch and diffusers")
    import torch
    from accelerate import Accelerator
    from diffusers.training_utils import EMAModel

    from garage_tui.jobs import unet
    from garage_tui.jobs.denoising import Batches, losses
    from garage_tui.jobs.diffusion_state import load, save
    from garage_tui.jobs.diffusion_telling import Telling

    accelerator = Accelerator(mixed_precision=_precision(recipe.mixed_precision), cpu=not torch.cuda.is_available())
    torch.manual_seed(recipe.seed)
    noise_schedule = unet.make_noise_schedule(recipe)
    net = unet.make_net(recipe)
    mean = EMAModel(
        net.parameters(), decay=recipe.ema, use_ema_warmup=True, power=0.75, foreach=True, model_cls=type(net)
    )
    optimizer = torch.optim.AdamW(_groups(net, recipe), lr=recipe.lr, betas=(0.9, recipe.beta2), fused=True)
    start = saving.find_start(folder, progress)
    if start.folder:
        load(start.folder, start.step, net, optimizer, mean)
    if recipe.compile and accelerator.device.type == "cuda":
        net.compile()
    model, optimizer = accelerator.prepare(net, optimizer)
    mean.to(accelerator.device)

    batches = Batches(pictures, recipe, accelerator.device)
    steps = recipe.steps(len(pictures))
    telling = Telling(folder, progress, recipe, noise_schedule, net, mean, pictures, held_out, label, start)
    pace = saving.Pace(manifest.checkpoint_seconds)
    progress.interruptible = False  # from here on a stop saves
    progress.phase(f"training on {len(pictures)} pictures")

    step, hold = start.step, None
    telling.catch_up(step)
    while step < steps:
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, recipe)
        clean, noise, t = batches.of_step(step)
        with accelerator.autocast():
            loss = losses(model, noise_schedule, clean, noise, t, recipe.min_snr).mean()
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        mean.step(net.parameters())
        step += 1
        telling.step(step, steps, len(clean), float(loss.detach()), rate(step - 1, steps, recipe))

        hold = breaks.hold() if step < steps else None
        leaves = progress.wish() in ("stop", "release", "end") or bool(hold)
        if leaves or progress.wish() == "pause" or breaks.too_hot or pace.due():
            save(folder, step, telling.images, net, optimizer, mean, progress)
            pace.done()
            breaks.cool(step)
            progress.wait_while_paused(step)
        if leaves or progress.wish() in ("stop", "release", "end"):
            break

    if hold and not progress.wish():
        progress.end_for_now(step, hold)
        return
    wish = progress.wish() if step < steps else ""
    word, who = ENDINGS.get(wish, ("finished", ""))
    if word in ("finished", "stopped"):
        progress.phase("saving the pipeline")
        with telling.drawing():
            saving.replace_whole(folder / PIPELINE, lambda part: unet.save_pipeline(net, noise_schedule, part))
    if word == "finished":
        progress.end(word, telling.card(step))
    elif word == "stopped":
        progress.end(word, f"{who} at step {step} of {steps}; the pipeline is saved as it was then")
    else:
        progress.end(word, f"{who} at step {step} of {steps}; saved, and its memory is free")


def rate(step: int, steps: int, recipe: DiffusionRecipe) -> float:
    """Return the learning rate of a step, counted from 0: up to the peak in the warm-up, then down to the end."""
    up = min(1.0, (step + 1) / (recipe.warmup_steps + 1))
    done = step / steps
    down = {
        "cosine": (1 + math.cos(math.pi * done)) / 2 * (1 - _LEAST_RATE) + _LEAST_RATE,
        "linear": 1 - done * (1 - _LEAST_RATE),
        "constant": 1.0,
    }
    return recipe.lr * up * down[recipe.schedule]


def _groups(net: Any, recipe: DiffusionRecipe) -> list[dict[str, Any]]:
    """Return the parameters in two groups: matrices and kernels decay, biases and norms do not."""
    parameters = list(net.parameters())
    return [
        {"params": [one for one in parameters if one.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [one for one in parameters if one.ndim <= 1], "weight_decay": 0.0},
    ]


def _precision(wanted: str) -> str:
    import torch

    if wanted != "auto":
        return wanted
    return "bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "no"


if __name__ == "__main__":
    sys.exit(main())
