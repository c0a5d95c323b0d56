"""The noise schedule: the forward process of a DDPM (arXiv 2006.11239), in numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

Schedule = Literal["squaredcos_cap_v2", "linear"]
"""The schedules, by diffusers' names."""
STEPS = 1000


def alphas_cumprod(schedule: Schedule = "squaredcos_cap_v2", steps: int = STEPS) -> np.ndarray:
    """Return ᾱ of each timestep: the share of the signal in the variance of the noisy picture.

    `squaredcos_cap_v2` is the cosine schedule of Nichol and Dhariwal (arXiv 2102.09672, equation 17) with β at most
    0.999; `linear` is that of the DDPM paper, β from 1e-4 to 0.02 in 1,000 steps.

    Returns:
        (steps,) float64, falling from nearly 1 to nearly 0.
    """
    import numpy as np

    if schedule == "linear":
        betas = np.linspace(1e-4, 0.02, steps)
    else:
        left = np.cos((np.arange(steps + 1) / steps + 0.008) / 1.008 * math.pi / 2) ** 2
        betas = np.minimum(1 - left[1:] / left[:-1], 0.999)
    return np.asarray(np.cumprod(1 - betas))


def noised(image: np.ndarray, timesteps: Sequence[int], schedule: Schedule, seed: int) -> np.ndarray:
    """Return one picture with the noise of each timestep; all have the same noise, scaled.

    Args:
        image: (height, width, 3) uint8; the model gets it scaled to -1 … 1.
        timesteps: from 0 to `STEPS` - 1.
        seed: the seed of the noise.

    Returns:
        (timesteps, height, width, 3) uint8; values outside of -1 … 1 are clipped.
    """
    import numpy as np

    clean = image / 127.5 - 1
    noise = np.random.default_rng(seed).standard_normal(image.shape)
    left = alphas_cumprod(schedule)[list(timesteps)].reshape(-1, 1, 1, 1)
    values = np.sqrt(left) * clean + np.sqrt(1 - left) * noise
    return np.asarray(((values + 1) * 127.5).round().clip(0, 255), np.uint8)
