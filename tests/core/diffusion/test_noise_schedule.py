"""How a picture turns to noise, as diffusers would have it."""

from __future__ import annotations

import numpy as np
import pytest

from garage_tui.core.diffusion.noise_schedule import alphas_cumprod, noised


@pytest.mark.parametrize("schedule", ["squaredcos_cap_v2", "linear"])
def test_the_schedules_are_those_of_diffusers(schedule) -> None:
    from diffusers import DDPMScheduler

    theirs = DDPMScheduler(beta_schedule=schedule).alphas_cumprod.double().numpy()
    ours = alphas_cumprod(schedule)
    assert ours.shape == theirs.shape
    assert abs(ours - theirs).max() < 2e-6
    assert np.allclose(ours, theirs, rtol=2e-4, atol=0)  # diffusers multiplies in 32 bits


def test_a_noised_picture_is_that_of_diffusers() -> None:
    import torch
    from diffusers import DDPMScheduler

    image = np.random.default_rng(1).integers(0, 256, (24, 24, 3), np.uint8)
    noise = torch.tensor(np.random.default_rng(7).standard_normal(image.shape), dtype=torch.float32)
    clean = torch.tensor(image / 127.5 - 1, dtype=torch.float32)
    steps = [0, 100, 500, 999]
    scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    for step, ours in zip(steps, noised(image, steps, "squaredcos_cap_v2", 7), strict=True):
        theirs = scheduler.add_noise(clean, noise, torch.tensor([step])).clamp(-1, 1)
        assert abs(ours - (theirs.numpy() + 1) * 127.5).max() < 0.6


def test_at_first_it_is_the_picture_and_at_last_only_noise() -> None:
    dark, light = np.full((32, 32, 3), 20, np.uint8), np.full((32, 32, 3), 230, np.uint8)
    first, last = (noised(image, [0, 999], "squaredcos_cap_v2", 0) for image in (dark, light))
    assert abs(first[0].astype(int) - 20).mean() < 4
    assert abs(first[1].astype(int) - last[1]).max() <= 1
