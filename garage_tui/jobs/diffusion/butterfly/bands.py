"""Bands and stripes across a wing, from the front edge to the hind one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from garage_tui.jobs.diffusion.butterfly.brush import by_cell, cover, ramp, within
from garage_tui.jobs.diffusion.butterfly.patterns import Colour
from garage_tui.jobs.diffusion.butterfly.positions import Places
from garage_tui.jobs.diffusion.butterfly.wings import Floats


@dataclass(frozen=True)
class Band:
    """A band from the front edge to the hind one: of the central symmetry system, or a bar where `low`, `high` cut."""

    colour: Colour
    at: float
    """Where it stands at mid wing, as a part of the way out."""
    width: float
    tilt: float = 0.0
    """How much further out it is at the front edge than at the hind one."""
    bend: float = 0.0
    """How much further out both ends are than the middle."""
    taper: float = 0.0
    """How much of its width it loses from front to back (negative: from back to front)."""
    jog: tuple[float, ...] = ()
    """By how much each cell, from the hindmost, dislocates it."""
    arc: float = 0.0
    """How much further out it is at the veins than in the middle of the cells."""
    low: float = -9.0
    high: float = 9.0
    """Between which places across it is drawn."""
    gaps: float = 0.0
    """Part of each cell's width that the veins cut out of it."""
    soft: float = 0.03
    strength: float = 1.0

    def paint(self, at: Places, rgb: Floats) -> None:
        across = at.v - np.float32(0.5)
        centre = self.at + self.tilt * across
        if self.bend:
            centre = centre + self.bend * 4 * across * across
        if self.jog:
            centre = centre + by_cell(self.jog, at)
        if self.arc:
            centre = centre + self.arc * 4 * at.f * at.f
        half: Floats | float = 0.5 * self.width * at.size
        if self.taper:
            half = half * (1 + self.taper * np.clip(across, -0.6, 0.6) * 2)
        alpha = within(at, ramp(half - np.abs(at.p - centre), self.soft), self.low, self.high, self.gaps)
        cover(rgb, alpha * np.float32(self.strength), self.colour)


@dataclass(frozen=True)
class Stripe:
    """A straight stripe from the front edge to the hind one, whatever the termen does."""

    colour: Colour
    at: float
    """Distance from the base."""
    width: float
    way: float = 0.0
    """Degrees of the direction in which `at` is measured; the stripe lies square to it."""
    taper: float = 0.0
    """How much of its width it loses from front to back (negative: from back to front)."""
    jog: tuple[float, ...] = ()
    """By how much each cell, from the hindmost, dislocates it."""
    low: float = -9.0
    high: float = 9.0
    """Between which places across it is drawn."""
    gaps: float = 0.0
    """Part of each cell's width that the veins cut out of it."""
    soft: float = 0.02
    strength: float = 1.0

    def paint(self, at: Places, rgb: Floats) -> None:
        way = np.radians(self.way)
        along = np.float32(np.cos(way)) * at.x + np.float32(np.sin(way)) * at.y - np.float32(self.at)
        off = np.abs(along - by_cell(self.jog, at) if self.jog else along)
        half: Floats | float = 0.5 * self.width * at.size
        if self.taper:
            half = half * (1 + self.taper * (2 * np.clip(at.v, -0.1, 1.1) - 1))
        alpha = within(at, ramp(half - off, self.soft), self.low, self.high, self.gaps)
        cover(rgb, alpha * np.float32(self.strength), self.colour)
