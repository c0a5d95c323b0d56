"""How a picture turns to noise: the forward process of a DDPM (arXiv 2006.11239), in numpy alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

Schedule = Literal["squaredcos_cap_v2", "linear"]
"""By the names that diffusers gives them."""
STEPS = 1000


def alphas_cumprod(schedule: Schedule = "squaredcos_cap_v2", steps: int = STEPS) -> np.ndarray:
    """Return how much of a picture is left at each timestep: the share of the signal in its variance.

    `squaredcos_cap_v2` is the cosine schedule of Nichol and Dhariwal (arXiv 2102.09672, equation 17) with no step's
    noise above 0.999; `linear` that of the DDPM paper, 1e-4 to 0.02 for 1,000 steps.

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
    """Return a picture with the noise of each timestep, the same noise every time.

    Args:
        image: (height, width, 3) uint8; the model sees it from -1 to 1.
        timesteps: from 0 to `STEPS` - 1.
        seed: of the noise.

    Returns:
        (timesteps, height, width, 3) uint8: what is beyond -1 and 1 is cut, as it cannot be shown.
    """
    import numpy as np

    clean = image / 127.5 - 1
    noise = np.random.default_rng(seed).standard_normal(image.shape)
    left = alphas_cumprod(schedule)[list(timesteps)].reshape(-1, 1, 1, 1)
    values = np.sqrt(left) * clean + np.sqrt(1 - left) * noise
    return np.asarray(((values + 1) * 127.5).round().clip(0, 255), np.uint8)
