"""Sampling of pictures from noise with diffusers' samplers; all noise depends on the seed alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler

SAMPLERS = {"ddim": DDIMScheduler, "ddpm": DDPMScheduler, "dpmsolver": DPMSolverMultistepScheduler}
NAMES = {"ddim": "DDIM", "ddpm": "DDPM", "dpmsolver": "DPM-Solver++"}
_LATER_NOISE = 1 << 48
"""Added to the seed of a picture's initial noise for the noise of later steps."""


def first_noise(count: int, size: int, seed: int) -> torch.Tensor:
    """Return the initial noise of samples, (count, 3, size, size), drawn on the CPU: the same on every device.

    Sample `i` of a seed is the same whatever `count` is.
    """
    generators = [torch.Generator().manual_seed(seed * 1_000_003 + number) for number in range(count)]
    return torch.stack([torch.randn(3, size, size, generator=generator) for generator in generators])


def sample(
    net: Any,
    noise_schedule: Any,
    count: int,
    size: int,
    *,
    seed: int = 0,
    sampler: str = "ddim",
    steps: int = 50,
    batch: int = 64,
    on_progress: Callable[[int, int], None] | None = None,
    seen: Callable[[torch.Tensor, torch.Tensor], None] | None = None,
) -> np.ndarray:
    """Draw pictures.

    Args:
        net: a UNet2DModel, or a net with its interface; its training mode is restored.
        noise_schedule: the DDPMScheduler of its training.
        batch: pictures at once.
        on_progress: called with the finished and the total steps of all batches; it may raise to cancel.
        seen: called before each step with x_t and the net's prediction of the final picture, (count, 3, size, size),
            −1 to 1; only if all are drawn in one batch.

    Returns:
        (count, size, size, 3) uint8, sRGB.
    """
    device, was_training = net.device, net.training
    net.eval()
    drawn, done, batches = [], 0, range(0, count, batch)
    noise = first_noise(count, size, seed)
    for start in batches:
        scheduler = SAMPLERS[sampler].from_config(noise_schedule.config)
        scheduler.set_timesteps(steps)
        # Only DDPM adds noise in later steps: each picture has its own, so that their number changes nothing.
        mine = range(start, min(start + batch, count))
        generators = [torch.Generator().manual_seed(_LATER_NOISE + seed * 1_000_003 + number) for number in mine]
        extra = {"generator": generators} if sampler == "ddpm" else {}
        x = noise[start : start + batch].to(device, memory_format=torch.channels_last)
        with torch.no_grad():
            for t in scheduler.timesteps:
                out = net(x, t.to(device)).sample
                if seen is not None:
                    seen(x, predicted_picture(noise_schedule, x, out, int(t)))
                x = scheduler.step(out, t, x, **extra).prev_sample
                done += 1
                if on_progress is not None:
                    on_progress(done, steps * len(batches))
        drawn.append(to_pictures(x))
    net.train(was_training)
    return np.concatenate(drawn)


def predicted_picture(noise_schedule: Any, x: torch.Tensor, out: torch.Tensor, t: int) -> torch.Tensor:
    """Return the net's predicted picture for `x` at time `t`, clipped to −1 … 1 (arXiv 2202.00512, section 4)."""
    kept = float(noise_schedule.alphas_cumprod[t])
    signal, noise = kept**0.5, (1 - kept) ** 0.5
    kind = noise_schedule.config.prediction_type
    guess = out if kind == "sample" else (x - noise * out) / signal if kind == "epsilon" else signal * x - noise * out
    return guess.clamp(-1, 1)


def to_pictures(x: torch.Tensor) -> np.ndarray:
    """Return (count, 3, size, size) in −1 … 1 as (count, size, size, 3) uint8."""
    pictures: np.ndarray = (
        ((x.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    )
    return pictures


def to_tensor(pictures: np.ndarray) -> torch.Tensor:
    """Return (count, size, size, 3) uint8 as (count, 3, size, size) in −1 … 1."""
    writable = np.require(pictures, requirements=["C", "W"])  # torch warns of an array that is read from a file
    return torch.from_numpy(writable).permute(0, 3, 1, 2).float() / 127.5 - 1
