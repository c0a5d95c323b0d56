"""Spots and eyespots: rows of them between the veins, or a large one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from garage_tui.jobs.diffusion.butterfly.brush import by_cell, cover, ramp
from garage_tui.jobs.diffusion.butterfly.patterns import Colour, Rings
from garage_tui.jobs.diffusion.butterfly.positions import Places
from garage_tui.jobs.diffusion.butterfly.wings import Floats


@dataclass(frozen=True)
class Spots:
    """A row of spots, one in the middle of each cell."""

    colour: Colour
    out: float
    """Distance from the termen."""
    sizes: tuple[float, ...]
    """Radius in each cell, from the hindmost; 0 for none."""
    long: float = 1.0
    """Length along the veins, as a multiple of the breadth."""
    arc: float = 0.0
    """Positive: bent to a chevron that points outwards, by so much length for a length to the side."""
    soft: float = 0.015
    strength: float = 1.0

    def paint(self, at: Places, rgb: Floats) -> None:
        largest = max(self.sizes) * at.size
        along = at.out - np.float32(self.out)
        reach = largest * (self.long + abs(self.arc)) + self.soft
        near = np.flatnonzero(np.abs(along) < reach)
        side = at.side[near]
        along = along[near]
        if self.arc:
            along = along - np.float32(self.arc) * np.abs(side)
        size = by_cell(self.sizes, at)[near] * np.float32(at.size)
        away = np.hypot(along * np.float32(1 / self.long), side)
        alpha = ramp(size - away, self.soft) * (size > 0) * np.float32(self.strength)
        part = rgb[:, near]
        cover(part, alpha, self.colour)
        rgb[:, near] = part


@dataclass(frozen=True)
class Ocelli:
    """Border ocelli: a row of eyespots with rings, one in each cell that has a size."""

    out: float
    sizes: tuple[float, ...]
    rings: Rings

    def paint(self, at: Places, rgb: Floats) -> None:
        near = np.flatnonzero(np.abs(at.out - np.float32(self.out)) < max(self.sizes) * at.size + 0.02)
        size = by_cell(self.sizes, at)[near] * np.float32(at.size)
        away = np.hypot(at.out[near] - np.float32(self.out), at.side[near])
        part = rgb[:, near]
        for radius, colour in self.rings:
            cover(part, ramp(size * np.float32(radius) - away, 0.012) * (size > 0), colour)
        rgb[:, near] = part


@dataclass(frozen=True)
class Eye:
    """One large eyespot, wherever it is."""

    p: float
    v: float
    radius: float
    rings: Rings
    long: float = 1.0
    """Length away from the base, as a multiple of the breadth."""

    def paint(self, at: Places, rgb: Floats) -> None:
        entry = int(np.argmin(np.abs(at.shape.across - self.v)))
        angle = (entry + 0.5) * 2 * np.pi / len(at.shape.across) - np.pi
        along, up = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        distance = np.float32(self.p * at.shape.reach[entry])
        radius = self.radius * at.size
        dx, dy = at.x - distance * along, at.y - distance * up
        near = np.flatnonzero((np.abs(dx) < radius * 1.5) & (np.abs(dy) < radius * 1.5))
        dx, dy = dx[near], dy[near]
        away = np.hypot((dx * along + dy * up) * np.float32(1 / self.long), dy * along - dx * up)
        part = rgb[:, near]
        for share, colour in self.rings:
            cover(part, ramp(np.float32(radius * share) - away, 0.018), colour)
        rgb[:, near] = part
