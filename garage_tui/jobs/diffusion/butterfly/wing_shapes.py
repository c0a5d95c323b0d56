"""The building blocks of the families of butterflies: colours, rows of sizes, and the usual forms of wings.

Everything here draws from the random numbers of one species.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from garage_tui.jobs.diffusion.butterfly.patterns import Colour
from garage_tui.jobs.diffusion.butterfly.wings import Tail, Wing

Rng = np.random.Generator
_Any = TypeVar("_Any")

BLACK: Colour = (0.07, 0.055, 0.05)
BROWN: Colour = (0.22, 0.14, 0.09)
CREAM: Colour = (0.95, 0.91, 0.78)
WHITE: Colour = (0.96, 0.95, 0.92)
CELLS = 7


def one_of(rng: Rng, choices: Sequence[_Any]) -> _Any:
    return choices[int(rng.integers(len(choices)))]


def chance(rng: Rng, of: float) -> bool:
    return bool(rng.uniform() < of)


def tint(rng: Rng, colour: Colour, hue: float = 0.02, rich: float = 0.1, bright: float = 0.06) -> Colour:
    """Return a colour near another one: hue in turns, saturation and brightness as a part of what they are."""
    h, s, v = colorsys.rgb_to_hsv(*colour)
    h += hue * rng.uniform(-1, 1)
    s = min(1.0, s * (1 + rich * rng.uniform(-1, 1)))
    v = min(0.98, v * (1 + bright * rng.uniform(-1, 1)))
    return colorsys.hsv_to_rgb(h % 1, s, v)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    return (
        one[0] + share * (other[0] - one[0]),
        one[1] + share * (other[1] - one[1]),
        one[2] + share * (other[2] - one[2]),
    )


def row(rng: Rng, size: float, spread: float = 0.2, taper: float = 0.0) -> tuple[float, ...]:
    """Return the sizes of a row of spots: uneven by `spread`, the foremost smaller by `taper`."""
    return tuple(size * (1 + spread * rng.uniform(-1, 1)) * (1 - taper * k / (CELLS - 1)) for k in range(CELLS))


def jogs(rng: Rng, amount: float) -> tuple[float, ...]:
    """Return by how much each cell shifts a band."""
    return tuple(amount * rng.uniform(-1, 1) for _ in range(CELLS))


def forewing(
    rng: Rng,
    apex: float = 35,
    tornus: float = -7,
    back: float = 0.66,
    bulge: float = 0.02,
    hook: float = 0.0,
    costa: float = 0.08,
    roundness: float = 0.045,
    scallop: float = 0.0,
    teeth: tuple[float, ...] = (),
) -> Wing:
    """Return a forewing, which is a triangle of base, apex and tornus with curved sides.

    Args:
        apex: degrees of the apex from the outward direction.
        tornus, back: degrees and length to the hind corner.
        bulge: how far the termen bulges, as a part of its length; negative: it is hollow.
        hook: how far the apex is drawn out over a hollow, as a part of the termen.
        costa, roundness, scallop, teeth: as in `Wing`.
    """
    apex, tornus, back = apex + rng.uniform(-3, 3), tornus + rng.uniform(-2, 2), back * rng.uniform(0.95, 1.05)
    bulge += rng.uniform(-0.025, 0.025)
    one = np.array([np.cos(np.radians(apex)), np.sin(np.radians(apex))])
    two = back * np.array([np.cos(np.radians(tornus)), np.sin(np.radians(tornus))])
    t = np.array([0, 0.12, 0.3, 0.5, 0.7, 0.88, 1.0])
    off = 4 * bulge * t * (1 - t) - hook * np.sin(2 * np.pi * np.clip(t * 1.1, 0, 1))
    way = two - one
    rim = one + t[:, None] * way + off[:, None] * np.array([-way[1], way[0]])
    return Wing(
        rays=tuple((float(np.degrees(np.arctan2(y, x))), float(np.hypot(x, y))) for x, y in rim),
        costa=costa * rng.uniform(0.8, 1.2),
        roundness=roundness * rng.uniform(0.85, 1.15),
        scallop=scallop,
        teeth=teeth,
    )


def hindwing(
    rng: Rng,
    lengths: tuple[float, ...] = (0.54, 0.61, 0.65, 0.63, 0.54),
    front: float = 18,
    back: float = -82,
    costa: float = 0.12,
    roundness: float = 0.05,
    scallop: float = 0.0,
    teeth: tuple[float, ...] = (),
    tails: tuple[Tail, ...] = (),
) -> Wing:
    """Return a hindwing, which is a fan: lengths at even steps of angle from the front corner to the tornus."""
    angles = np.linspace(front, back + rng.uniform(-2, 2), len(lengths))
    scale = rng.uniform(0.95, 1.06)
    rays = zip(angles, (scale * length * rng.uniform(0.975, 1.025) for length in lengths), strict=True)
    return Wing(
        rays=tuple((float(angle), float(length)) for angle, length in rays),
        costa=costa,
        inner=0.06,
        roundness=roundness * rng.uniform(0.9, 1.2),
        scallop=scallop * rng.uniform(0.7, 1.2),
        teeth=teeth,
        tails=tails,
    )
