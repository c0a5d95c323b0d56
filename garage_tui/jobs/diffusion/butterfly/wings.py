"""Wings of drawn butterflies: outlines as closed curves.

A wing is told in a frame of its own: its base is the origin, x points away from the body, y to the head, and the unit
is the forewing length (base to apex). Angles are degrees from x, to the head positive. The right wing is told; the
left one is its mirror image.

Two fans of rays lie over a wing. One starts at the base: bands cross it. The other starts inside the discal cell and
carries the veins, which run to the outer margin (the termen) and part the wing into cells: spots sit in those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
"""32 bits wide wherever there are many."""
Cells = npt.NDArray[np.int32]

TABLE = 4096
"""Entries of a table over the full circle."""
_UNEVEN = 0.004
"""By how much what is painted on a wing is shifted here and there, in forewing lengths."""
PI = float(np.pi)


@dataclass(frozen=True)
class Tail:
    """A tail of a hindwing, at the end of a vein."""

    vein: float
    """The vein it continues, counted from the hind end of the termen (0)."""
    length: float
    width: float
    """Half the width at its narrowest, in forewing lengths."""
    lean: float = 0.0
    """Degrees by which it leaves the ray from the base, to the head positive."""
    club: float = 1.0
    """Half the width near its end, as a multiple of `width`."""


@dataclass(frozen=True)
class Wing:
    """The outline of one wing."""

    rays: tuple[tuple[float, float], ...]
    """(angle, length) of points of the termen, from the front (apex) to the back (tornus)."""
    costa: float = 0.08
    """How far the front edge bulges, as a part of its length."""
    inner: float = 0.05
    """How far the hind edge bulges, as a part of its length."""
    roundness: float = 0.05
    """Width of the Gaussian that rounds the corners, in forewing lengths."""
    scallop: float = 0.0
    """How far the termen draws back between veins, in forewing lengths; negative: it bulges there."""
    teeth: tuple[float, ...] = ()
    """How far the termen sticks out at each vein, from the hind end, in forewing lengths."""
    tails: tuple[Tail, ...] = ()
    cells: int = 7
    """Cells along the termen."""
    cell_end: float = 0.5
    """Where the discal cell ends, as a part of the way from base to termen."""


@dataclass(frozen=True)
class Outline:
    """The outline of a wing: tables over the full circle, and a polygon; `outline` computes it once."""

    polygon: Floats
    """(points, 2), without tails."""
    extent: Floats
    """(points, 2) that everything of the wing lies between, tails included."""
    centre: tuple[float, float]
    """The point from which each direction meets the edge exactly once."""
    edge: Floats
    """(TABLE,) distance from the centre to the edge."""
    lean: Floats
    """(TABLE,) the cosine between that ray and the edge's normal."""
    reach: Floats
    """(TABLE,) distance from the base to the termen, without scallops and teeth."""
    across: Floats
    """(TABLE,) place across the wing as seen from the base: 0 at the tornus, 1 at the apex."""
    fan: tuple[float, float]
    """The point from which the veins start."""
    vein: Floats
    """(TABLE,) number of the vein as seen from the fan; whole numbers are veins, halves the middle of a cell."""
    turn: Floats
    """(TABLE,) radians of the fan from a vein to the next."""
    termen: Floats
    """(TABLE,) distance from the fan to the termen, with scallops and teeth."""
    trunks: tuple[tuple[float, float], ...]
    """(radians from the base, length) of the veins that border the discal cell."""
    end: float
    """Distance from the fan at which the discal cell ends."""
    tails: tuple[tuple[float, float, float, float, float, float], ...] = field(default=())
    """Start (x, y), end (x, y), half width and club of each tail."""


def directions() -> Floats:
    return (np.arange(TABLE) + 0.5) * (2 * PI / TABLE) - PI


def _curve(rays: tuple[tuple[float, float], ...], count: int) -> Floats:
    """Return (count, 2) points of a smooth curve through the rays (cubic Hermite in the angle)."""
    angle, length = np.radians([ray[0] for ray in rays])[::-1], np.array([ray[1] for ray in rays])[::-1]
    slope = np.gradient(length, angle)
    at = np.linspace(angle[-1], angle[0], count)
    part = np.clip(np.searchsorted(angle, at, side="right") - 1, 0, len(angle) - 2)
    step = angle[part + 1] - angle[part]
    t = (at - angle[part]) / step
    r = (
        (1 + 2 * t) * (1 - t) ** 2 * length[part]
        + t * (1 - t) ** 2 * step * slope[part]
        + t * t * (3 - 2 * t) * length[part + 1]
        + t * t * (t - 1) * step * slope[part + 1]
    )
    return np.stack([r * np.cos(at), r * np.sin(at)], 1)


def _bow(start: Floats, end: Floats, bulge: float) -> Floats:
    """Return points between two corners, bulging to the left of the way, most at two fifths of it."""
    t = np.linspace(0, 1, 60)[1:-1, None]
    way = end - start
    return np.asarray(start + t * way + bulge * np.sin(PI * t**0.8) * np.array([-way[1], way[0]]))


def _rounded(points: Floats, width: float) -> Floats:
    """Return 480 evenly spaced points of a closed curve after a Gaussian of `width` went round it; columns x, y, …"""
    closed = np.concatenate([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed[:, :2], axis=0).T))])
    at = np.linspace(0, along[-1], 480, endpoint=False)
    even = np.stack([np.interp(at, along, column) for column in closed.T], 1)
    frequency = np.fft.rfftfreq(480, along[-1] / 480)
    soft = np.exp(-2 * (PI * width * frequency) ** 2)
    return np.asarray(np.fft.irfft(np.fft.rfft(even, axis=0) * soft[:, None], 480, axis=0))


def _over(angle: Floats, value: Floats) -> Callable[..., Floats]:
    order = np.argsort(angle)
    return lambda at, **how: np.asarray(np.interp(at, angle[order], value[order], **how))


@lru_cache(maxsize=1024)
def outline(wing: Wing) -> Outline:
    """Return the outline of a wing and its tables."""
    base = np.array([-0.05, 0.0])
    termen = _curve(wing.rays, 160)
    sides = _bow(base, termen[0], wing.costa), _bow(termen[-1], base, wing.inner)
    points = np.concatenate([base[None], sides[0], termen, sides[1]])
    flag = np.zeros(len(points))
    flag[1 + len(sides[0]) : 1 + len(sides[0]) + len(termen)] = 1
    smooth = _rounded(np.column_stack([points, flag]), wing.roundness)
    outer = np.flatnonzero(smooth[:, 2] > 0.5)
    rim = smooth[outer]

    # Veins end at even steps along the termen, from the tornus (0) to the apex.
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(rim[:, :2], axis=0).T))])
    number = np.full(len(smooth), -1.0)
    number[outer] = wing.cells * (1 - steps / steps[-1])
    place = 2 * (number - np.floor(number)) - 1
    sharp = min(1.0, abs(wing.scallop) / 0.02)
    gap = sharp * (1 - np.abs(place) ** 1.6) + (1 - sharp) * (0.5 + 0.5 * np.cos(PI * place))
    longer: Floats = np.asarray(-wing.scallop * gap)
    for tooth, length in enumerate(wing.teeth):
        longer = longer + length * np.clip(1 - np.abs(number - tooth) / 0.8, 0, None) ** 1.4
    longer = np.convolve(np.pad(longer, 3, mode="wrap"), np.ones(7) / 7, mode="valid")
    direction = smooth[:, :2] / np.maximum(np.hypot(smooth[:, 0], smooth[:, 1]), 0.05)[:, None]
    polygon = smooth[:, :2] + direction * (longer * (number >= 0) * np.clip(2 * smooth[:, 2] - 1, 0, 1))[:, None]

    around = directions()
    centre = polygon.mean(0)
    ray = polygon - centre
    edge = _over(np.arctan2(ray[:, 1], ray[:, 0]), np.hypot(ray[:, 0], ray[:, 1]))(around, period=2 * PI)
    slope = (np.roll(edge, -9) - np.roll(edge, 9)) / (18 * 2 * PI / TABLE)
    # Beyond its ends the termen goes on straight, so that bands run straight into the other edges.
    far = np.linspace(0, 3, 30)[1:, None]
    part = len(rim) // 4
    before, after = rim[0, :2] - rim[part, :2], rim[-1, :2] - rim[-part, :2]
    line = np.concatenate([(rim[0, :2] + far * before)[::-1], rim[:, :2], rim[-1, :2] + far * after])
    line_angle = np.arctan2(line[:, 1], line[:, 0])
    reach = _over(line_angle, np.minimum(np.hypot(line[:, 0], line[:, 1]), 1.5))(around)
    back, front = np.arctan2(rim[-1, 1], rim[-1, 0]), np.arctan2(rim[0, 1], rim[0, 0])
    across = (around - back) / (front - back)

    middle = rim[len(rim) // 2, :2]
    fan = 0.26 * middle
    full = polygon[outer] - fan
    full_angle = np.unwrap(np.arctan2(full[:, 1], full[:, 0])[::-1])[::-1]
    numbers = number[outer]
    turn = np.radians(16)
    ends = np.concatenate([[full_angle[0] + 8 * turn], full_angle, [full_angle[-1] - 8 * turn]])
    vein = _over(ends, np.concatenate([[wing.cells + 8.0], numbers, [-8.0]]))(around)
    rate = np.gradient(vein, around)
    trunks = []
    end = wing.cell_end * float(np.hypot(*middle)) - float(np.hypot(*fan))
    for at in (1.6, wing.cells - 1.3):
        angle = float(_over(numbers, full_angle)(at))
        corner = fan + end * np.array([np.cos(angle), np.sin(angle)])
        trunks.append((float(np.arctan2(corner[1], corner[0])), float(np.hypot(*corner))))

    tails: list[tuple[float, float, float, float, float, float]] = []
    for tail in wing.tails:
        foot = np.array([_over(numbers, polygon[outer, axis])(tail.vein) for axis in (0, 1)])
        heading = np.arctan2(foot[1], foot[0]) + np.radians(tail.lean)
        tip = foot + tail.length * np.array([np.cos(heading), np.sin(heading)])
        start = 0.85 * foot
        tails.append((float(start[0]), float(start[1]), float(tip[0]), float(tip[1]), tail.width, tail.club))
    extent = np.concatenate([polygon] + [np.array([[t[2] + g, t[3] + g] for g in (-0.06, 0.06)]) for t in tails])
    small = np.float32
    return Outline(
        polygon=polygon.astype(small),
        extent=extent.astype(small),
        centre=(float(centre[0]), float(centre[1])),
        edge=edge.astype(small),
        lean=(1 / np.sqrt(1 + (slope / edge) ** 2)).astype(small),
        reach=reach.astype(small),
        across=across.astype(small),
        fan=(float(fan[0]), float(fan[1])),
        vein=vein.astype(small),
        turn=(1 / np.maximum(np.abs(rate), 1.0)).astype(small),
        termen=_over(full_angle, np.hypot(full[:, 0], full[:, 1]))(around).astype(small),
        trunks=tuple(trunks),
        end=end,
        tails=tuple(tails),
    )
