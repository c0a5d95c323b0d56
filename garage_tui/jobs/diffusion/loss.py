"""The batches of a diffusion run (pictures, noise, times), and the loss of the net's prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.jobs.diffusion.samplers import to_tensor

TIMES = 1000
"""Steps of the forward process."""
_APART = 1_000_003


class NoisyBatches:
    """The batches of a run: pictures, noise and times depend on the seed and the step alone.

    Args:
        pictures: (count, size, size, 3) uint8.
        device: where the batches go.
    """

    def __init__(self, pictures: np.ndarray, recipe: DiffusionRecipe, device: Any) -> None:
        self._pictures, self._recipe, self._device = pictures, recipe, device
        self._an_epoch = recipe.steps_an_epoch(len(pictures))
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, int))

    def of_step(self, step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return clean pictures (batch, 3, size, size) in −1 … 1, noise of that shape, and times (batch,)."""
        epoch, position = divmod(step, self._an_epoch)
        if self._order[0] != epoch:
            self._order = epoch, np.random.default_rng([self._recipe.seed, 0, epoch]).permutation(len(self._pictures))
        batch = self._recipe.batch_size
        # Sorted, because a large set is read from disk; the order within a batch has no effect.
        chosen = np.sort(self._order[1][position * batch : (position + 1) * batch])
        random = torch.Generator().manual_seed(self._recipe.seed * _APART + step)
        clean = to_tensor(self._pictures[chosen])
        if self._recipe.flip:
            mirrored = torch.rand(len(clean), generator=random) < 0.5
            clean[mirrored] = clean[mirrored].flip(3)
        noise = torch.randn(clean.shape, generator=random)
        return *(self._to_device(one) for one in (clean, noise)), times(len(clean), random).to(self._device)

    def _to_device(self, images: torch.Tensor) -> torch.Tensor:
        return images.to(self._device, memory_format=torch.channels_last)


def times(count: int, random: torch.Generator) -> torch.Tensor:
    """Return times (count,), one out of each of `count` equal intervals, for a less noisy loss.

    (Stratified as in VDM, arXiv 2107.00630, appendix I.1.)
    """
    return ((torch.arange(count) + torch.rand(count, generator=random)) / count * TIMES).long().clamp(max=TIMES - 1)


def losses(
    net: Any, noise_schedule: Any, clean: torch.Tensor, noise: torch.Tensor, t: torch.Tensor, min_snr: float = 0.0
) -> torch.Tensor:
    """Return the mean squared error of each picture, (batch,).

    Args:
        min_snr: errors at low noise have at most the weight of this signal-to-noise ratio
            (Min-SNR-γ, arXiv 2303.09556, for v as in its appendix); 0 gives all the same weight.
    """
    out = net(noise_schedule.add_noise(clean, noise, t), t).sample
    kind = noise_schedule.config.prediction_type
    if kind == "v_prediction":
        target = noise_schedule.get_velocity(clean, noise, t)
    else:
        target = noise if kind == "epsilon" else clean
    errors = (out.float() - target).square().mean((1, 2, 3))
    if min_snr:
        kept = noise_schedule.alphas_cumprod.to(t.device)[t]
        snr = kept / (1 - kept)
        per = {"v_prediction": snr + 1, "epsilon": snr, "sample": torch.ones_like(snr)}[kind]
        errors = errors * snr.clamp(max=min_snr) / per.clamp(min=1e-8)
    return errors


def held_out_loss(net: Any, noise_schedule: Any, pictures: np.ndarray, most: int = 256) -> float:
    """Return the mean loss on held-out pictures, always with the same noise and times.

    Args:
        pictures: (count, size, size, 3) uint8.
        most: most pictures that are used.
    """
    device, was_training = net.device, net.training
    net.eval()
    random = torch.Generator().manual_seed(0)
    clean = to_tensor(pictures[:most])
    noise = torch.randn(clean.shape, generator=random)
    t = times(len(clean), random)[torch.randperm(len(clean), generator=random)]
    with torch.no_grad():
        found = [
            losses(net, noise_schedule, *(one[at : at + 64].to(device) for one in (clean, noise, t)))
            for at in range(0, len(clean), 64)
        ]
    net.train(was_training)
    return float(torch.cat(found).mean())
