"""The job that draws new pictures with the model of a diffusion run.

    python -m garage_tui.jobs.diffusion.sample checkpoints/RUN -n 16 --seed 0 [--steps N] --out FILE.png [--trajectory]

Reports its progress on stdout in lines of JSON (`{"done": 12, "of": 50}`), the last of which is `{"path": "…"}`; an
error is one line on stderr. With `--trajectory` the file is an animation (`core/images/animation.py`): x_t beside the
model's prediction of the final picture.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError, reason_of
from garage_tui.core.base.format import plural
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.images import animation, contact_sheet
from garage_tui.core.runs import checkpoints
from garage_tui.core.runs.diffusion_files import PIPELINE
from garage_tui.core.runs.record import Manifest, read_run
from garage_tui.jobs.runtime.error_text import describe_without_log

FULL_DISK = "free some space and try again"
OUT_OF_MEMORY = "out of memory while drawing; draw fewer at once, or stop other programs"

_MAX_FRAMES = 50
"""Most frames of an animation: at 0.2 s each it lasts ten seconds, with any number of steps."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m garage_tui.jobs.diffusion.sample")
    parser.add_argument("run", type=Path)
    parser.add_argument("-n", type=int, default=16, dest="count")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--trajectory", action="store_true")
    args = parser.parse_args()
    try:
        draw(args.run.resolve(), args.count, args.seed, args.steps, args.out.resolve(), args.trajectory)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        message = describe_without_log(error, folder=args.out.parent, full_disk=FULL_DISK, out_of_memory=OUT_OF_MEMORY)
        print(message, file=sys.stderr, flush=True)
        return 1
    return 0


def draw(folder: Path, count: int, seed: int, steps: int | None, out: Path, trajectory: bool = False) -> None:
    """Draw a sheet or an animation into `out`.

    Raises:
        BadInputError: the run cannot be read, is of another kind, or has no model yet.
    """
    manifest = _manifest(folder)
    recipe = msgspec.convert(manifest.recipe, DiffusionRecipe)
    steps = steps or recipe.sample_steps

    import torch

    from garage_tui.jobs.diffusion.samplers import NAMES, sample, to_pictures

    net, noise_schedule, step = _model(folder, recipe)
    net = net.to("cuda" if torch.cuda.is_available() else "cpu")
    frames, every, seen_steps = [], math.ceil(steps / _MAX_FRAMES), itertools.count()

    def seen(x: torch.Tensor, guess: torch.Tensor) -> None:
        if next(seen_steps) % every == 0:
            frames.append((to_pictures(x), to_pictures(guess)))

    drawn = sample(
        net,
        noise_schedule,
        count,
        recipe.size,
        seed=seed,
        sampler=recipe.sampler,
        steps=steps,
        batch=count if trajectory else 64,
        on_progress=lambda done, of: _say({"done": done, "of": of}),
        seen=seen if trajectory else None,
    )
    about: dict[str, Any] = {
        "run": folder.name,
        "step": step,
        "seed": seed,
        "sampler": f"{NAMES[recipe.sampler]}, {plural(steps, 'step')}",
        "source": str(manifest.dataset.get("label", "")),
    }
    if trajectory:
        animation.write(out, [*frames, (drawn, drawn)], **about)
    else:
        contact_sheet.write(out, drawn, **about)
    _say({"path": str(out)})


def _manifest(folder: Path) -> Manifest:
    run = read_run(folder)
    if run.manifest is None:
        raise BadInputError(f"{folder.name} cannot be read: {run.broken}")
    if run.manifest.kind != "diffusion":
        raise BadInputError(f"{folder.name} is a {run.manifest.kind} run, which has no model to draw with")
    return run.manifest


def _model(folder: Path, recipe: DiffusionRecipe) -> tuple[Any, Any, int | None]:
    """Return the net, its noise schedule, and its training steps, from the pipeline or a checkpoint."""
    from garage_tui.jobs.diffusion import unet
    from garage_tui.jobs.diffusion.checkpoint import drawing_weights
    from garage_tui.jobs.diffusion.pipeline_folder import load_pipeline

    if (folder / PIPELINE / "model_index.json").is_file():
        run = read_run(folder)
        return *load_pipeline(folder / PIPELINE), run.state.step if run.state else None
    for checkpoint in checkpoints.list_checkpoints(folder):
        try:
            seal = checkpoints.read_seal(checkpoint)
        except OSError as error:
            raise GarageError(f"{checkpoint} cannot be read: {reason_of(error)}") from error
        if seal:
            net = unet.make_net(recipe)
            net.load_state_dict(drawing_weights(checkpoint), strict=False)
            return net, unet.make_noise_schedule(recipe), seal.step
    raise BadInputError(f"{folder.name} has no model to draw with yet: the first checkpoint brings one")


def _say(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
