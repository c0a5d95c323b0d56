"""Evaluation of a diffusion run: KID with its floor, held-out loss, and copies of training pictures."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from garage_tui.core.base.format import plural
from garage_tui.core.base.phase import Say
from garage_tui.core.diffusion.nearest_images import nearest_of_each
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.exam.diffusion_judgement import MeasuredPictures
from garage_tui.core.exam.diffusion_report import DiffusionReport
from garage_tui.jobs.diffusion.kernel_inception_distance import RandomFeatures, kid
from garage_tui.jobs.diffusion.loss import held_out_loss
from garage_tui.jobs.diffusion.samplers import NAMES, sample

_SAMPLES = 128
_APART = 424_242
"""Added to the run's seed, so that the measured pictures are on no sheet."""


def card_of(
    net: Any,
    noise_schedule: Any,
    recipe: DiffusionRecipe,
    pictures: np.ndarray,
    held_out: np.ndarray,
    label: str,
    step: int,
    say: Say,
) -> DiffusionReport:
    """Draw pictures and return their report card.

    Args:
        net: with its EMA weights.
        pictures, held_out: (count, size, size, 3) uint8.
        label: a description of the pictures.
        say: called with progress messages; it may raise to cancel.
    """
    started = time.monotonic()
    drawn = sample(
        net,
        noise_schedule,
        _SAMPLES,
        recipe.size,
        seed=recipe.seed + _APART,
        sampler=recipe.sampler,
        steps=recipe.sample_steps,
        on_progress=lambda done, of: say(f"drawing {_SAMPLES} pictures to measure", done, of, "steps"),
    )
    say("comparing the drawn pictures with real ones")
    features = RandomFeatures(pictures)
    distance, floor, blurred = (kid(features.reference, features(some)) for some in (drawn, held_out, blur(held_out)))
    own, real = (
        np.array([near.distance for near in nearest_of_each(some, pictures)]) for some in (drawn, np.asarray(held_out))
    )
    copies = int((own < real.min()).sum()) if len(real) else 0
    found = MeasuredPictures(distance, floor, copies, len(drawn))
    return DiffusionReport(
        verdict=found.verdict,
        passed=found.grade == "good",
        grade=found.grade,
        source=label,
        epoch=step // recipe.steps_an_epoch(len(pictures)),
        step=step,
        samples=len(drawn),
        sampler=f"{NAMES[recipe.sampler]}, {plural(recipe.sample_steps, 'step')}",
        kid=round(distance, 4),
        floor=round(floor, 4),
        blurred=round(blurred, 4),
        held_out_loss=round(held_out_loss(net, noise_schedule, held_out), 5),
        held_out=len(held_out),
        copies=copies,
        nearest=round(float(np.median(own)), 2),
        nearest_held_out=round(float(np.median(real)), 2),
        seconds=round(time.monotonic() - started, 1),
    )


def blur(pictures: np.ndarray, block: int = 4) -> np.ndarray:
    """Return pictures in which each block of `block` × `block` pixels has its mean colour."""
    count, size = pictures.shape[:2]
    blocks = pictures.reshape(count, size // block, block, size // block, block, 3).mean((2, 4))
    seen: np.ndarray = blocks.round().astype(np.uint8).repeat(block, 1).repeat(block, 2)
    return seen
