"""One training step of a diffusion run: forward, backward, AdamW and EMA, on one or several devices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from diffusers.training_utils import EMAModel

from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.jobs.diffusion import unet
from garage_tui.jobs.diffusion.loss import NoisyBatches, losses
from garage_tui.jobs.runtime import cpu_threads

_LEAST_RATE = 0.02
"""The final learning rate, as a share of the peak."""
_SMALL_STEP = 300_000
"""Numbers in the finest layer of a batch below which threads mostly wait for one another
(docs/explain/butterflies.md)."""


class DiffusionTrainer:
    """Net, noise schedule, optimiser and EMA of a run.

    Each rank takes every n-th picture of a batch; the gradients are the mean over all ranks, so that a run on several
    devices takes the steps that one device takes.

    Args:
        pictures: (count, size, size, 3) uint8.
    """

    def __init__(self, recipe: DiffusionRecipe, pictures: np.ndarray) -> None:
        self._recipe = recipe
        self._accelerator = Accelerator(
            mixed_precision=_precision(recipe.mixed_precision), cpu=not torch.cuda.is_available()
        )
        if not torch.cuda.is_available() and _finest(recipe) < _SMALL_STEP:
            torch.set_num_threads(1)
        torch.manual_seed(recipe.seed)
        self.noise_schedule = unet.make_noise_schedule(recipe)
        self.net = unet.make_net(recipe).to(self._accelerator.device)
        cpu_threads.use_onednn_kernels()
        self.mean = EMAModel(self.net.parameters(), decay=recipe.ema, use_ema_warmup=True, power=0.75, foreach=True)
        self.optimizer = torch.optim.AdamW(
            _groups(self.net, recipe), lr=recipe.lr, betas=(0.9, recipe.beta2), fused=True
        )
        self._batches = NoisyBatches(pictures, recipe, self._accelerator.device)
        self._steps = recipe.steps(len(pictures))
        self._model: Any = None

    def learn(self, step: int) -> tuple[float, int, float]:
        """Train the step with this number, from 0; return the loss, the number of pictures, and the learning rate.

        With several ranks the loss is that of this rank's pictures.
        """
        if self._model is None:  # not earlier, because a checkpoint may be loaded first
            if self._recipe.compile and self._accelerator.device.type == "cuda":
                self.net.compile()
            self._model = self._accelerator.prepare_model(self.net)
        lr = rate(step, self._steps, self._recipe)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        rank, ranks = self._accelerator.process_index, self._accelerator.num_processes
        batch = self._batches.of_step(step)
        clean, noise, t = (one[rank::ranks] for one in batch)
        with self._accelerator.autocast():
            errors = losses(self._model, self.noise_schedule, clean, noise, t, self._recipe.min_snr)
        count = len(batch[0])
        # The mean over the ranks' gradients equals that over all pictures, also if one rank has one more picture.
        loss = errors.sum() * ranks / count
        self._accelerator.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.mean.step(self.net.parameters())
        return float(errors.detach().mean()), count, lr


def _finest(recipe: DiffusionRecipe) -> int:
    """Return how many numbers the finest layer of the net has for a batch."""
    return recipe.batch_size * recipe.channels[0] * (recipe.size // recipe.patch) ** 2


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


def _precision(setting: str) -> str:
    """Return accelerate's mixed precision for a recipe's setting on this device."""
    if setting != "auto":
        return setting
    return "bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "no"


def _groups(net: Any, recipe: DiffusionRecipe) -> list[dict[str, Any]]:
    """Return the parameters in two groups: matrices and kernels decay, biases and norms do not."""
    parameters = list(net.parameters())
    return [
        {"params": [one for one in parameters if one.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [one for one in parameters if one.ndim <= 1], "weight_decay": 0.0},
    ]
