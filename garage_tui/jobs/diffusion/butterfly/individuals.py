"""The appearance of a species, and the variation of its individuals.

Lengths are forewing lengths, x to the right, y to the head, the origin between the wing bases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from garage_tui.jobs.diffusion.butterfly.patterns import Colour, Pattern
from garage_tui.jobs.diffusion.butterfly.wings import Wing

Nick = tuple[float, float, float]

_PAPERS: tuple[Colour, ...] = (
    (0.965, 0.96, 0.95),
    (0.93, 0.93, 0.94),
    (0.95, 0.93, 0.885),
    (0.915, 0.93, 0.95),
    (0.90, 0.895, 0.885),
)


@dataclass(frozen=True)
class Body:
    """Body and antennae."""

    thorax: Colour = (0.16, 0.12, 0.10)
    abdomen: Colour = (0.20, 0.15, 0.12)
    rings: Colour = (0.35, 0.29, 0.23)
    """The rings at which the segments of the abdomen meet."""
    head: Colour = (0.10, 0.08, 0.07)
    """Also of the antennae."""
    ringed: float = 0.5
    """Contrast of the rings, 0 to 1."""
    width: float = 0.042
    """Half the width of the abdomen at its widest."""
    length: float = 0.44
    """Distance from the origin to the end of the abdomen."""
    spread: float = 27.0
    """Degrees between an antenna and straight ahead."""
    antenna: float = 0.40
    """How far the antennae reach ahead of the head."""
    club: float = 0.012
    """Half the width by which their ends are thicker."""


@dataclass(frozen=True)
class Appearance:
    """All that is seen of a species."""

    fore: Wing
    hind: Wing
    fore_pattern: Pattern
    hind_pattern: Pattern
    body: Body = Body()
    fore_base: tuple[float, float] = (0.03, 0.05)
    hind_base: tuple[float, float] = (0.03, -0.03)


@dataclass(frozen=True)
class Side:
    """The wings of one side."""

    fore: float
    hind: float
    """Degrees by which the wings are lifted to the head."""
    open: float
    """Part of its breadth that is seen: 1 lies flat."""
    nicks: tuple[tuple[Nick, ...], tuple[Nick, ...]]
    """What is torn from the hindwing's edge, and from the forewing's (`inside` has the units)."""


@dataclass(frozen=True)
class Individual:
    """The variation of one individual from its species."""

    size: float
    """Size as a multiple of the species' size."""
    turn: float
    """Degrees by which the whole butterfly is turned."""
    shift: tuple[float, float]
    sides: tuple[Side, Side]
    """Right and left."""
    fade: float
    """Part of the pigment that is gone."""
    tint: Colour
    """Factor of each colour channel."""
    spots: tuple[float, float]
    """Size of the pattern's elements on hindwings and forewings, as a multiple."""
    uneven: tuple[float, float]
    """Radians by which the unevenness of the pattern is shifted, right and left."""
    paper: Colour
    glow: tuple[float, float, float]
    """Brightness that the paper gains to the right, to the bottom and in the middle."""
    abdomen: float
    """Bend of the abdomen."""
    antennae: tuple[float, float]
    """Degrees by which each antenna stands out more."""
    grain: int
    """Seed of the texture."""


def individual_of(species: int, number: int) -> Individual:
    """Return individual `number` of the species with that seed."""
    rng = np.random.default_rng([species, number, 1])

    def about(middle: float, width: float) -> float:
        return float(middle + width * np.clip(rng.normal(), -2, 2))

    def nicks(wear: float) -> tuple[Nick, ...]:
        torn = int(rng.poisson(0.7 * wear))
        return tuple((about(0, 0.7), rng.uniform(0.01, 0.06), rng.uniform(0.03, 0.12)) for _ in range(torn))

    fore, hind, spread = about(0, 2.2), about(0, 2.2), rng.uniform(0.91, 1.0)
    wear = rng.uniform() ** 2
    right, left = (
        Side(about(fore, 0.8), about(hind, 0.8), about(spread, 0.008), (nicks(wear), nicks(wear))) for _ in range(2)
    )
    paper = _PAPERS[int(rng.integers(len(_PAPERS)))]
    shifted, tone = about(0, 0.3), rng.uniform(-0.015, 0.015)
    way, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0.008, 0.03)
    return Individual(
        size=rng.uniform(0.91, 1.03),
        turn=about(0, 2.5),
        shift=(about(0, 0.015), about(0, 0.015)),
        sides=(right, left),
        fade=0.16 * wear * rng.uniform(0.4, 1),
        tint=(about(1, 0.02), about(1, 0.02), about(1, 0.02)),
        spots=(about(1, 0.06), about(1, 0.06)),
        uneven=(about(shifted, 0.25), about(shifted, 0.25)),
        paper=(paper[0] + tone, paper[1] + tone, paper[2] + tone),
        glow=(float(slope * np.cos(way)), float(slope * np.sin(way)), rng.uniform(0.01, 0.04)),
        abdomen=about(0, 0.04),
        antennae=(about(0, 3), about(0, 3)),
        grain=int(rng.integers(1 << 30)),
    )
