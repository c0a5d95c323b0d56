"""Butterflies that anybody knows from gardens: anglewings, peacocks, admirals, buckeyes, and their stout kin.

Each function draws the shape, the pattern and the palette of one species of a family, with what its kin share.
"""

from __future__ import annotations

from garage_tui.jobs.diffusion.butterfly.areas import Ground, Patch, Tip
from garage_tui.jobs.diffusion.butterfly.bands import Band, Stripe
from garage_tui.jobs.diffusion.butterfly.edges import Fringe, Margin, Veins
from garage_tui.jobs.diffusion.butterfly.individuals import Appearance, Body
from garage_tui.jobs.diffusion.butterfly.patterns import Pattern, Rings
from garage_tui.jobs.diffusion.butterfly.spots import Eye, Spots
from garage_tui.jobs.diffusion.butterfly.wing_shapes import (
    BLACK,
    BROWN,
    CREAM,
    WHITE,
    Rng,
    chance,
    forewing,
    hindwing,
    jogs,
    mix,
    one_of,
    row,
    tint,
)
from garage_tui.jobs.diffusion.butterfly.wings import Tail


def comma(rng: Rng) -> Appearance:
    """Anglewings and tortoiseshells: ragged edges, orange with black blotches."""
    orange = tint(rng, (0.86, 0.44, 0.13), 0.025)
    dark = tint(rng, (0.25, 0.15, 0.09), 0.02, 0.2, 0.25)
    light = tint(rng, (0.95, 0.80, 0.50)) if chance(rng, 0.6) else tint(rng, (0.45, 0.55, 0.85))
    rag = rng.uniform(0.5, 1.15)
    fore = forewing(
        rng,
        39,
        -10,
        0.66,
        -0.09,
        0,
        0.11,
        0.024,
        0.016 * rag,
        tuple(rag * tooth for tooth in (0.07, 0.0, 0.01, -0.01, 0.0, 0.09, 0.06, 0.0)),
    )
    hind = hindwing(
        rng,
        (0.50, 0.56, 0.60, 0.58, 0.49),
        roundness=0.03,
        scallop=0.025 * rag,
        teeth=tuple(rag * tooth for tooth in (0.02, 0.04, 0.0, 0.13, 0.02, 0.05, 0.02, 0.03)),
    )
    blotch = rng.uniform(0.85, 1.2)
    fore_pattern: Pattern = (
        Ground(mix(orange, dark, 0.2), orange, 0.1, 0.5),
        Margin(dark, rng.uniform(0.06, 0.10), 0.02, soft=0.04),
        Spots(light, 0.075, row(rng, 0.022), 0.6, soft=0.02),
        *(
            Patch(BLACK, p, v, dp * blotch, dv * blotch)
            for p, v, dp, dv in (
                (0.34, 0.76, 0.05, 0.16),
                (0.54, 0.86, 0.06, 0.18),
                (0.74, 0.92, 0.05, 0.16),
                (0.48, 0.36, 0.06, 0.09),
                (0.62, 0.20, 0.05, 0.08),
                (0.66, 0.56, 0.05, 0.08),
            )
        ),
        *((Patch(CREAM, 0.83, 0.90, 0.035, 0.10),) if chance(rng, 0.5) else ()),
        Veins(dark, 0.006, 0.4),
    )
    hind_pattern = (
        Ground(mix(orange, dark, rng.uniform(0.3, 0.9)), orange, 0.15, 0.6),
        Margin(dark, 0.10, soft=0.05),
        Spots(light, 0.085, row(rng, 0.024), 0.6, soft=0.02),
        Patch(BLACK, 0.45, 0.75, 0.09 * blotch, 0.12 * blotch),
        Patch(BLACK, 0.55, 0.45, 0.06 * blotch, 0.08 * blotch),
        Veins(dark, 0.006, 0.4),
    )
    return Appearance(
        fore, hind, fore_pattern, hind_pattern, Body((0.35, 0.24, 0.15), (0.3, 0.2, 0.13), (0.5, 0.36, 0.22))
    )


def peacock(rng: Rng) -> Appearance:
    """Peacocks: a large eye on each wing."""
    red = tint(rng, one_of(rng, ((0.62, 0.22, 0.12), (0.50, 0.17, 0.20), (0.70, 0.38, 0.14))))
    yellow, dark = tint(rng, (0.93, 0.78, 0.45)), tint(rng, (0.28, 0.20, 0.15))
    blue = tint(rng, (0.40, 0.50, 0.82), 0.05)
    fore = forewing(rng, 38, -7, 0.68, 0.0, 0, 0.09, 0.035, 0, (0.0, 0.0, 0.02, 0.0, 0.0, 0.05, 0.03, 0.0))
    hind = hindwing(rng, (0.53, 0.62, 0.67, 0.66, 0.55), scallop=0.014, teeth=(0, 0, 0.01, 0.05, 0.01, 0, 0, 0))
    eye: Rings = ((1.0, yellow), (0.84, red), (0.64, BLACK), (0.56, blue), (0.30, (0.2, 0.15, 0.25)))
    fore_pattern: Pattern = (
        Ground(mix(red, dark, 0.3), red),
        Margin(dark, 0.07, 0.02, around=0.03),
        Patch(BLACK, 0.36, 0.82, 0.11, 0.22),
        Patch(BLACK, 0.62, 0.88, 0.10, 0.20),
        Patch(yellow, 0.50, 0.92, 0.05, 0.14),
        Eye(0.80, 0.80, rng.uniform(0.12, 0.155), eye, 1.1),
        Spots(mix(blue, WHITE, 0.6), 0.13, (0, 0.014, 0.014, 0.014)),
        Patch(BLACK, 0.55, 0.38, 0.04, 0.06),
        Veins(dark, 0.006, 0.4),
    )
    hind_pattern = (
        Ground(dark, red, 0.2, 0.7),
        Margin(dark, 0.08),
        Eye(0.70, 0.66, rng.uniform(0.12, 0.15), ((1.0, CREAM), (0.86, BLACK), (0.62, blue), (0.30, BLACK)), 0.95),
        Veins(dark, 0.006, 0.4),
    )
    return Appearance(fore, hind, fore_pattern, hind_pattern, Body(dark, dark, mix(dark, CREAM, 0.3)))


def admiral(rng: Rng) -> Appearance:
    """Admirals and their like: a bright bar across a dark wing, or white moons on it."""
    kind = one_of(rng, ("red", "white", "moons", "lady"))
    dark = tint(rng, (0.12, 0.09, 0.08), 0.02, 0.2, 0.2)
    brownish = mix(dark, BROWN, 0.6)
    red, blue = tint(rng, (0.88, 0.31, 0.12)), tint(rng, (0.30, 0.38, 0.80), 0.04)
    fore = forewing(rng, 37, -7, 0.67, -0.02, 0, 0.09, 0.045, 0, (0, 0, 0, 0, 0, 0.03, 0.02, 0))
    hind = hindwing(rng, (0.53, 0.62, 0.66, 0.64, 0.54), scallop=0.016)
    top: Pattern = (
        Spots(WHITE, 0.16, (0, 0, 0, 0.018, 0.024, 0.028, 0.03)),
        Patch(WHITE, 0.68, 0.95, 0.045, 0.13),
        Veins(BLACK, 0.007, 0.6),
        Fringe(WHITE, 0.014, True),
    )
    end: Pattern = (Veins(BLACK, 0.006, 0.5), Fringe(WHITE, 0.014, True))
    rim = Spots(one_of(rng, (red, blue, WHITE)), 0.10, row(rng, 0.028), 0.6)
    if kind == "white":
        width = rng.uniform(0.09, 0.15)
        fore_pattern: Pattern = (
            Ground(dark, dark),
            Band(WHITE, 0.63, width, 0.02, gaps=0.18, jog=jogs(rng, 0.03)),
        )
        hind_pattern: Pattern = (
            Ground(dark, dark),
            Stripe(WHITE, 0.34, width, -28, gaps=0.06, taper=0.3),
            rim,
        )
    elif kind == "red":
        fore_pattern = (
            Ground(brownish, dark),
            Stripe(red, 0.53, rng.uniform(0.09, 0.13), 24, jog=jogs(rng, 0.015), soft=0.03),
        )
        hind_pattern = (Ground(brownish, brownish), Margin(red, 0.13), Spots(BLACK, 0.07, row(rng, 0.014)))
    elif kind == "lady":
        fore_pattern = (
            Ground(brownish, mix(red, CREAM, 0.25), 0.1, 0.4),
            Tip(dark, 0.66, 0.5, 0.04),
            Stripe(BLACK, 0.52, 0.08, 24, -0.4, jogs(rng, 0.035), low=0.3, soft=0.03),
            Patch(BLACK, 0.62, 0.18, 0.08, 0.1),
            Patch(BLACK, 0.38, 0.66, 0.04, 0.2),
            Margin(dark, 0.04),
        )
        hind_pattern = (
            Ground(brownish, mix(red, CREAM, 0.25), 0.2, 0.6),
            Band(dark, 0.52, 0.05, jog=jogs(rng, 0.04)),
            Spots(BLACK, 0.16, row(rng, 0.026)),
            Margin(dark, 0.04),
            Spots(BLACK, 0.075, row(rng, 0.02), 0.6),
        )
    else:
        moon: Rings = ((1.0, blue), (0.72, WHITE))
        fore_pattern = (
            Ground(dark, dark),
            Eye(0.60, 0.55, rng.uniform(0.11, 0.15), moon, 1.2),
            Patch(WHITE, 0.86, 0.9, 0.04, 0.12),
        )
        hind_pattern = (
            Ground(dark, dark),
            Eye(0.60, 0.55, rng.uniform(0.14, 0.19), moon),
            Spots(WHITE, 0.04, row(rng, 0.008)),
        )
    return Appearance(fore, hind, fore_pattern + top, hind_pattern + end, Body(mix(dark, BROWN, 0.3), dark, BROWN))


def buckeye(rng: Rng) -> Appearance:
    """Buckeyes and pansies: small eyes before a pale or bright ground."""
    ground = tint(rng, one_of(rng, ((0.48, 0.33, 0.19), (0.90, 0.55, 0.18), (0.60, 0.58, 0.55), (0.30, 0.22, 0.18))))
    orange, blue = tint(rng, (0.88, 0.45, 0.16)), tint(rng, (0.26, 0.38, 0.80), 0.05)
    dark = mix(ground, BLACK, 0.6)
    fore = forewing(rng, 37, -9, 0.68, -0.05, 0, 0.09, 0.04, 0, (0, 0, 0, 0, 0, 0.02, 0.02, 0))
    hind = hindwing(rng, (0.53, 0.61, 0.66, 0.64, 0.54), scallop=0.01)
    eye: Rings = ((1.0, dark), (0.90, (0.93, 0.80, 0.5)), (0.74, BLACK), (0.44, blue), (0.2, mix(blue, WHITE, 0.6)))
    under = blue if chance(rng, 0.4) else ground
    large = rng.uniform(0.075, 0.115)
    fore_pattern: Pattern = (
        Ground(ground, mix(ground, BLACK, 0.15)),
        Band(mix(CREAM, ground, rng.uniform(0, 0.6)), 0.72, 0.13, -0.06, low=0.12, soft=0.04),
        Band(orange, 0.28, 0.06, low=0.5),
        Band(dark, 0.36, 0.025, low=0.5),
        Band(orange, 0.44, 0.06, low=0.5),
        Eye(0.74, 0.30, large, eye),
        Eye(0.80, 0.86, large * 0.45, eye),
        Margin(dark, 0.06),
        Spots(CREAM, 0.035, row(rng, 0.012), 0.6),
        Veins(dark, 0.006, 0.4),
    )
    hind_pattern = (
        Ground(mix(under, dark, 0.4), under, 0.1, 0.4),
        Band(orange, 0.84, 0.09),
        Eye(0.62, 0.68, large * rng.uniform(0.9, 1.25), eye),
        Eye(0.66, 0.30, large * rng.uniform(0.5, 0.9), eye),
        Margin(dark, 0.045),
        Band(CREAM, 0.91, 0.02),
        Veins(dark, 0.006, 0.4),
    )
    return Appearance(
        fore, hind, fore_pattern, hind_pattern, Body(dark, mix(ground, BLACK, 0.3), mix(ground, CREAM, 0.3))
    )


def charaxes(rng: Rng) -> Appearance:
    """Leafwings and pashas: stout and pointed, with two short tails on each hindwing."""
    grounds = ((0.80, 0.38, 0.10), (0.32, 0.18, 0.10), (0.72, 0.12, 0.08), (0.28, 0.16, 0.50), (0.13, 0.10, 0.09))
    ground = tint(rng, one_of(rng, grounds))
    bar = tint(rng, one_of(rng, ((0.93, 0.88, 0.70), (0.92, 0.60, 0.20), (0.45, 0.62, 0.92), (0.55, 0.80, 0.40))))
    dark = mix(ground, BLACK, 0.75)
    fore = forewing(rng, 38, -10, 0.62, -0.10, 0.02, 0.12, 0.03)
    length = rng.uniform(0.09, 0.15)
    tails = (Tail(1.8, length, 0.016, 4, 0.6), Tail(3.3, length * rng.uniform(0.8, 1.2), 0.016, 6, 0.6))
    hind = hindwing(rng, (0.50, 0.58, 0.64, 0.62, 0.54), scallop=0.01, tails=tails)
    width = rng.uniform(0.07, 0.15)
    rims: Pattern = (Margin(dark, 0.12, soft=0.05), Spots(bar, 0.05, row(rng, 0.022), 0.7))
    fore_pattern: Pattern = (
        Ground(mix(ground, dark, 0.2), ground),
        Tip(dark, 0.66, 0.35, soft=0.08),
        Band(bar, 0.66, width, 0.04, taper=-0.5, gaps=0.06, soft=0.04),
        Band(dark, 0.42, 0.03, low=0.5),
        *rims,
        Veins(dark, 0.007, 0.5),
    )
    hind_pattern: Pattern = (
        Ground(mix(ground, dark, 0.3), ground),
        Stripe(bar, 0.36, width * 0.9, -25, soft=0.04, taper=0.4),
        *rims,
        Veins(dark, 0.007, 0.5),
    )
    return Appearance(
        fore, hind, fore_pattern, hind_pattern, Body(dark, mix(ground, BLACK, 0.4), ground, dark, width=0.05)
    )
