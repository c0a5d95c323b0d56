"""Checkpoints of a diffusion run: net, optimiser and EMA as safetensors; there is no random state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from garage_tui.core.base.errors import GarageError
from garage_tui.jobs.runtime import checkpointing
from garage_tui.jobs.runtime.progress import Progress

NET, MEAN, OPTIMIZER = "net.safetensors", "mean.safetensors", "optimizer.safetensors"


def save(run: Path, step: int, images: int, net: Any, optimizer: Any, mean: Any, progress: Progress) -> None:
    """Write `checkpoint-N/` and seal it.

    Args:
        images: pictures that were trained on so far.
        mean: diffusers' EMAModel.
    """
    folder = run / f"checkpoint-{step}"
    folder.mkdir(exist_ok=True)
    names = [name for name, _ in net.named_parameters()]
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, folder / NET)
    means = {name: value.contiguous() for name, value in zip(names, mean.shadow_params, strict=True)}
    save_file(means, folder / MEAN, {"steps": str(mean.optimization_step)})
    moments = {
        f"{number}.{name}": value.contiguous()
        for number, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
    }
    save_file(moments, folder / OPTIMIZER)
    checkpointing.seal(run, step, images, progress)


def load(folder: Path, step: int, net: Any, optimizer: Any, mean: Any) -> None:
    """Load a checkpoint into a new net, optimiser and EMA.

    Raises:
        GarageError: it does not fit the recipe.
    """
    try:
        net.load_state_dict(load_file(folder / NET))
        means = load_file(folder / MEAN)
        for (name, _), value in zip(net.named_parameters(), mean.shadow_params, strict=True):
            value.copy_(means[name])
        mean.optimization_step = step
        parameters = [one for group in optimizer.param_groups for one in group["params"]]
        state: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in load_file(folder / OPTIMIZER).items():
            number, _, name = key.partition(".")
            like = parameters[int(number)]
            # The fused kernel requires moments in the same memory layout as their parameter.
            moment = torch.empty_like(like, dtype=value.dtype).copy_(value) if value.shape == like.shape else value
            state.setdefault(int(number), {})[name] = moment
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    except (KeyError, IndexError, RuntimeError, ValueError) as error:
        raise GarageError(f"{folder} does not fit the recipe of the run; start a new one") from error


def drawing_weights(folder: Path) -> dict[str, torch.Tensor]:
    """Return the EMA weights of a checkpoint, with which pictures are drawn."""
    weights: dict[str, torch.Tensor] = load_file(folder / MEAN)
    return weights
