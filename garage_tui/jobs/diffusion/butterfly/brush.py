"""The brush of the elements: paints a colour over points of a wing, with soft edges."""

from __future__ import annotations

import numpy as np

from garage_tui.jobs.diffusion.butterfly.patterns import Colour
from garage_tui.jobs.diffusion.butterfly.positions import Places
from garage_tui.jobs.diffusion.butterfly.wings import Floats


def ramp(x: Floats, soft: float) -> Floats:
    """Return 0 where x is well below 0, 1 where it is well above; `soft` is the width of the change."""
    ramp = x * np.float32(1 / soft)
    ramp += np.float32(0.5)
    return np.clip(ramp, 0, 1, out=ramp)


def cover(rgb: Floats, alpha: Floats, colour: Colour) -> None:
    """Mix a colour into `rgb`, (3, points), by `alpha`, (points,), from 0 to 1."""
    for channel, value in zip(rgb, colour, strict=True):
        channel += alpha * (np.float32(value) - channel)


def by_cell(values: tuple[float, ...], at: Places) -> Floats:
    """Return each point's value out of a list that starts at the hindmost cell; beyond its ends it is 0."""
    listed = np.zeros(at.wing.cells + 2, np.float32)
    listed[1 : 1 + len(values)] = values[: at.wing.cells]
    return listed.take(at.cell)


def within(at: Places, alpha: Floats, low: float, high: float, gaps: float) -> Floats:
    """Cut a band off across the wing, and between its cells."""
    if low > -9:
        alpha *= ramp(at.v - low, 0.06)
    if high < 9:
        alpha *= ramp(high - at.v, 0.06)
    if gaps:
        alpha *= ramp((0.5 - 0.5 * gaps - np.abs(at.f)) * at.width, 0.014)
    return alpha
