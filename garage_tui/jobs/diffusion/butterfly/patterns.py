"""The patterns of wings: the elements of the nymphalid groundplan, painted one over the other.

The elements and where they stand (basal patch, bars of the discal cell, central symmetry system, border ocelli between
the veins, parafocal chevrons, marginal bands) follow H. F. Nijhout, *The Development and Evolution of Butterfly Wing
Patterns*, Smithsonian Institution Press 1991, and his "Elements of butterfly wing patterns", J. Exp. Zool. 291 (2001)
213–225, after the groundplans of Schwanwitsch (1924) and Süffert (1927). Each element can be shifted from one cell to
the next, as the real ones are (dislocation). Colours are sRGB from 0 to 1; lengths are forewing lengths unless said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from garage_tui.jobs.diffusion.butterfly.positions import Places
from garage_tui.jobs.diffusion.butterfly.wings import Floats

Colour = tuple[float, float, float]
Rings = tuple[tuple[float, Colour], ...]
"""(radius as a part of the whole, colour), from the outermost."""


class Element(Protocol):
    """Something painted on a wing."""

    def paint(self, at: Places, rgb: Floats) -> None:
        """Paint over `rgb`, (3, points)."""


Pattern = tuple[Element, ...]
"""Elements in the order in which they are painted."""


def _ramp(x: Floats, soft: float) -> Floats:
    """Return 0 where x is well below 0, 1 where it is well above; `soft` is the width of the change."""
    ramp = x * np.float32(1 / soft)
    ramp += np.float32(0.5)
    return np.clip(ramp, 0, 1, out=ramp)


def _cover(rgb: Floats, alpha: Floats, colour: Colour) -> None:
    for channel, value in zip(rgb, colour, strict=True):
        channel += alpha * (np.float32(value) - channel)


def _by_cell(values: tuple[float, ...], at: Places) -> Floats:
    """Return each point's value out of a list that starts at the hindmost cell; beyond its ends it is 0."""
    listed = np.zeros(at.wing.cells + 2, np.float32)
    listed[1 : 1 + len(values)] = values[: at.wing.cells]
    return listed.take(at.cell)


def _within(at: Places, alpha: Floats, low: float, high: float, gaps: float) -> Floats:
    """Cut a band off across the wing, and between its cells."""
    if low > -9:
        alpha *= _ramp(at.v - low, 0.06)
    if high < 9:
        alpha *= _ramp(high - at.v, 0.06)
    if gaps:
        alpha *= _ramp((0.5 - 0.5 * gaps - np.abs(at.f)) * at.width, 0.014)
    return alpha


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
        _cover(rgb, _ramp(1 - q, self.soft) * np.float32(self.strength), self.colour)


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
            centre = centre + _by_cell(self.jog, at)
        if self.arc:
            centre = centre + self.arc * 4 * at.f * at.f
        half: Floats | float = 0.5 * self.width * at.size
        if self.taper:
            half = half * (1 + self.taper * np.clip(across, -0.6, 0.6) * 2)
        alpha = _within(at, _ramp(half - np.abs(at.p - centre), self.soft), self.low, self.high, self.gaps)
        _cover(rgb, alpha * np.float32(self.strength), self.colour)


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
        off = np.abs(along - _by_cell(self.jog, at) if self.jog else along)
        half: Floats | float = 0.5 * self.width * at.size
        if self.taper:
            half = half * (1 + self.taper * (2 * np.clip(at.v, -0.1, 1.1) - 1))
        alpha = _within(at, _ramp(half - off, self.soft), self.low, self.high, self.gaps)
        _cover(rgb, alpha * np.float32(self.strength), self.colour)


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
        size = _by_cell(self.sizes, at)[near] * np.float32(at.size)
        away = np.hypot(along * np.float32(1 / self.long), side)
        alpha = _ramp(size - away, self.soft) * (size > 0) * np.float32(self.strength)
        part = rgb[:, near]
        _cover(part, alpha, self.colour)
        rgb[:, near] = part


@dataclass(frozen=True)
class Ocelli:
    """Border ocelli: a row of eyespots with rings, one in each cell that has a size."""

    out: float
    sizes: tuple[float, ...]
    rings: Rings

    def paint(self, at: Places, rgb: Floats) -> None:
        near = np.flatnonzero(np.abs(at.out - np.float32(self.out)) < max(self.sizes) * at.size + 0.02)
        size = _by_cell(self.sizes, at)[near] * np.float32(at.size)
        away = np.hypot(at.out[near] - np.float32(self.out), at.side[near])
        part = rgb[:, near]
        for radius, colour in self.rings:
            _cover(part, _ramp(size * np.float32(radius) - away, 0.012) * (size > 0), colour)
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
            _cover(part, _ramp(np.float32(radius * share) - away, 0.018), colour)
        rgb[:, near] = part


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
        alpha = _ramp(width - at.out, self.soft)
        if self.around:
            front = _ramp(self.around - at.depth, self.soft) * _ramp(at.v - 0.75, 0.3)
            alpha = np.maximum(alpha, front)
        _cover(rgb, alpha * np.float32(self.strength), self.colour)


@dataclass(frozen=True)
class Fringe:
    """The hair at the very edge of the termen; tails have none."""

    colour: Colour
    width: float = 0.018
    checked: bool = False
    """Whether it is cut at the veins."""

    def paint(self, at: Places, rgb: Floats) -> None:
        alpha = _ramp(self.width - at.out, 0.01) * _ramp(at.out + 0.03, 0.02)
        if self.checked:
            alpha *= _ramp(0.28 - np.abs(at.f), 0.08)
        _cover(rgb, alpha, self.colour)


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
        _cover(rgb, _ramp(rim, self.soft), self.colour)


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
        _cover(rgb, _ramp(half - off, 0.008) * np.float32(self.strength), self.colour)
