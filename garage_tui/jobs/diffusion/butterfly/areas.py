"""Areas of a wing: its ground colour, blotches, and the dark tip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from garage_tui.jobs.diffusion.butterfly.brush import cover, ramp
from garage_tui.jobs.diffusion.butterfly.patterns import Colour
from garage_tui.jobs.diffusion.butterfly.positions import Places
from garage_tui.jobs.diffusion.butterfly.wings import Floats


@dataclass(frozen=True)
class Ground:
    """The colour of the whole wing, from the base to the margin."""

    inner: Colour
    outer: Colour
    start: float = 0.2
    stop: float = 0.9
    """Between which parts of the way it changes."""

    def paint(self, at: Places, rgb: Floats) -> None:
        mix = np.clip((at.p - self.start) / (self.stop - self.start), 0, 1)
        for channel, inner, outer in zip(rgb, self.inner, self.outer, strict=True):
            channel[:] = np.float32(inner) + mix * np.float32(outer - inner)


@dataclass(frozen=True)
class Patch:
    """A blotch, or with a large `soft` a glow: an ellipse in ways out and across."""

    colour: Colour
    p: float
    v: float
    dp: float
    dv: float
    soft: float = 0.25
    strength: float = 1.0

    def paint(self, at: Places, rgb: Floats) -> None:
        q = ((at.p - self.p) / (self.dp * at.size)) ** 2 + ((at.v - self.v) / (self.dv * at.size)) ** 2
        cover(rgb, ramp(1 - q, self.soft) * np.float32(self.strength), self.colour)


@dataclass(frozen=True)
class Tip:
    """The dark (or bright) tip of a forewing."""

    colour: Colour
    at: float
    """Part of the way out to the apex at which it starts."""
    slope: float = 0.9
    """How fast it withdraws towards the hind end."""
    wave: float = 0.02
    soft: float = 0.04

    def paint(self, at: Places, rgb: Floats) -> None:
        rim = at.p + self.slope * (np.minimum(at.v, 1.0) - 1) - self.at + self.wave * (1 - 8 * at.f * at.f)
        cover(rgb, ramp(rim, self.soft), self.colour)
