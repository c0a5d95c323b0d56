"""The edges of a wing and of its cells: the margin, the fringe, the veins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from garage_tui.jobs.diffusion.butterfly.brush import cover, ramp
from garage_tui.jobs.diffusion.butterfly.patterns import Colour
from garage_tui.jobs.diffusion.butterfly.positions import Places
from garage_tui.jobs.diffusion.butterfly.wings import Floats


@dataclass(frozen=True)
class Margin:
    """A band along the termen, and along the other edges as far as `around` says."""

    colour: Colour
    width: float
    apex: float = 0.0
    """How much wider it is at the apex."""
    wave: float = 0.0
    """How much further in it reaches at the veins than in the middle of the cells."""
    around: float = 0.0
    """Its width at the front edge."""
    soft: float = 0.02
    strength: float = 1.0

    def paint(self, at: Places, rgb: Floats) -> None:
        width: Floats | float = self.width
        if self.apex:
            width = width + self.apex * np.clip((at.v - 0.45) / 0.55, 0, 1.1) ** 1.5
        if self.wave:
            width = width + self.wave * (4 * at.f * at.f - 0.4)
        alpha = ramp(width - at.out, self.soft)
        if self.around:
            front = ramp(self.around - at.depth, self.soft) * ramp(at.v - 0.75, 0.3)
            alpha = np.maximum(alpha, front)
        cover(rgb, alpha * np.float32(self.strength), self.colour)


@dataclass(frozen=True)
class Fringe:
    """The hair at the very edge of the termen; tails have none."""

    colour: Colour
    width: float = 0.018
    checked: bool = False
    """Whether it is cut at the veins."""

    def paint(self, at: Places, rgb: Floats) -> None:
        alpha = ramp(self.width - at.out, 0.01) * ramp(at.out + 0.03, 0.02)
        if self.checked:
            alpha *= ramp(0.28 - np.abs(at.f), 0.08)
        cover(rgb, alpha, self.colour)


@dataclass(frozen=True)
class Veins:
    """The veins, and the discal cell that they border."""

    colour: Colour
    width: float = 0.008
    strength: float = 0.6

    def paint(self, at: Places, rgb: Floats) -> None:
        half = np.float32(0.5 * self.width)
        end, cells = np.float32(at.shape.end), at.wing.cells
        off = (np.float32(0.5) - np.abs(at.f)) * at.width
        off[(at.from_fan < end) | (at.s > cells + 0.4) | (at.s < -0.4)] = 1
        within = (at.s > 1.6) & (at.s < cells - 1.3) & (at.r > 0.1)
        off = np.minimum(off, np.where(within, np.abs(at.from_fan - end), 1))
        for angle, length in at.shape.trunks:
            off = np.minimum(off, np.where(at.r < length, np.abs(at.angle - np.float32(angle)) * at.r, 1))
        cover(rgb, ramp(half - off, 0.008) * np.float32(self.strength), self.colour)
