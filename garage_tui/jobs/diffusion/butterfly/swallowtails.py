"""Swallowtails, kites, bluebottles, birdwings, apollos and festoons (Papilionidae).

Each function draws one species of a family.
"""

from __future__ import annotations

from garage_tui.jobs.diffusion.butterfly.areas import Ground, Patch
from garage_tui.jobs.diffusion.butterfly.bands import Band, Stripe
from garage_tui.jobs.diffusion.butterfly.edges import Fringe, Margin, Veins
from garage_tui.jobs.diffusion.butterfly.individuals import Appearance, Body
from garage_tui.jobs.diffusion.butterfly.patterns import Element, Pattern, Rings
from garage_tui.jobs.diffusion.butterfly.spots import Eye, Spots
from garage_tui.jobs.diffusion.butterfly.wing_shapes import (
    BLACK,
    CREAM,
    WHITE,
    Rng,
    chance,
    forewing,
    hindwing,
    mix,
    one_of,
    row,
    tint,
)
from garage_tui.jobs.diffusion.butterfly.wings import Tail


def tiger(rng: Rng) -> Appearance:
    """Tiger swallowtails: black bars on yellow, a tail on each hindwing."""
    yellow = tint(rng, one_of(rng, ((0.96, 0.83, 0.30), (0.96, 0.90, 0.55), (0.95, 0.93, 0.82))), 0.02, 0.15, 0.03)
    blue, dark = tint(rng, (0.25, 0.42, 0.85), 0.04), tint(rng, (0.08, 0.06, 0.05))
    fore = forewing(rng, 34, -9, 0.62, 0.0, 0, 0.07, 0.035)
    tail = Tail(2.7, rng.uniform(0.14, 0.24), 0.026, -6, 1.3)
    hind = hindwing(rng, (0.50, 0.60, 0.67, 0.71, 0.63), back=-78, scallop=0.022, tails=(tail,))
    bar = rng.uniform(0.8, 1.25)
    bars = (
        Stripe(dark, 0.16, 0.07 * bar, 8, 0.2),
        Stripe(dark, 0.36, 0.06 * bar, 12, 0.5, low=0.28),
        Stripe(dark, 0.49, 0.05 * bar, 16, 0.5, low=0.45),
        Stripe(dark, 0.60, 0.05 * bar, 22, 0.5, low=0.6),
    )
    rim = rng.uniform(0.11, 0.16)
    fore_pattern: Pattern = (
        Ground(yellow, yellow),
        *bars,
        Veins(dark, 0.010, 0.8),
        Margin(dark, rim, 0.02, around=0.02),
        Spots(yellow, 0.05, row(rng, 0.022), 0.7),
    )
    hind_pattern: Pattern = (
        Ground(yellow, yellow),
        Stripe(dark, 0.14, 0.06 * bar, -15),
        Stripe(dark, 0.33, 0.022, -24, high=0.9),
        Veins(dark, 0.008, 0.8),
        Margin(dark, rim * 1.3, wave=0.02),
        Spots(blue, 0.13, row(rng, 0.03, 0.2, 0.6), 0.7, soft=0.03),
        Spots(yellow, 0.045, row(rng, 0.024), 0.7),
        Spots((0.85, 0.30, 0.12), 0.12, (0.035,)),
    )
    return Appearance(fore, hind, fore_pattern, hind_pattern, Body(dark, yellow, dark, dark, 0.4))


def swallowtail(rng: Rng) -> Appearance:
    """Dark swallowtails: rows of pale spots, blue dust, an orange eye by the tail."""
    spot = tint(rng, one_of(rng, ((0.96, 0.86, 0.42), (0.94, 0.92, 0.82), (0.35, 0.78, 0.62), (0.90, 0.35, 0.35))))
    blue = tint(rng, one_of(rng, ((0.20, 0.38, 0.75), (0.20, 0.60, 0.55), (0.35, 0.55, 0.85))), 0.03)
    dark = tint(rng, (0.07, 0.06, 0.065))
    fore = forewing(rng, 35, -8, 0.64, 0.0, 0, 0.08, 0.04, 0.006)
    tails = (Tail(2.7, rng.uniform(0.13, 0.24), 0.028, -5, rng.uniform(1.1, 1.8)),) if chance(rng, 0.8) else ()
    hind = hindwing(rng, (0.50, 0.60, 0.68, 0.71, 0.60), back=-78, scallop=0.028, tails=tails)
    kind = one_of(rng, ("band", "spots", "dust", "gloss"))
    width = rng.uniform(0.07, 0.13)
    lead: Pattern = ()
    back: Pattern = (Spots(blue, 0.15, row(rng, 0.045), 0.8, soft=0.05),)
    if kind == "band":
        lead = (Band(spot, 0.70, width, tilt=0.08, gaps=0.25, taper=-0.5),)
        back = (Stripe(spot, 0.33, width * 1.6, -32, gaps=0.08, taper=0.3), *back)
    elif kind == "dust":
        lead = (Patch(blue, 0.75, 0.4, 0.35, 0.6, 1.2, 0.45),)
        back = (Patch(blue, 0.68, 0.5, 0.30, 0.6, 0.9, 0.9), Veins(dark, 0.012, 0.8))
    elif kind == "gloss":
        gloss = tint(rng, one_of(rng, ((0.10, 0.45, 0.92), (0.12, 0.70, 0.55), (0.25, 0.30, 0.85))), 0.02)
        lead = (Patch(gloss, 0.34, 0.35, 0.42, 0.8, 0.3), Patch(mix(gloss, WHITE, 0.4), 0.45, 0.4, 0.3, 0.6, 1.2, 0.5))
        back = (
            Patch(gloss, 0.36, 0.6, 0.36, 0.75, 0.3),
            Patch(mix(gloss, WHITE, 0.4), 0.4, 0.6, 0.3, 0.6, 1.2, 0.5),
            *back,
        )
    fore_pattern: Pattern = (
        Ground(dark, mix(dark, (0.3, 0.27, 0.25), 0.25)),
        Veins((0.2, 0.17, 0.15), 0.01, 0.4),
        *lead,
        Spots(spot, 0.05, row(rng, 0.018)),
    )
    hind_pattern: Pattern = (
        Ground(dark, dark),
        *back,
        Spots(spot, 0.05, row(rng, 0.028), 0.7),
        Spots((0.88, 0.38, 0.14), 0.11, (0.04,)),
        Spots(BLACK, 0.11, (0.016,)),
    )
    return Appearance(fore, hind, fore_pattern, hind_pattern, Body(dark, dark, spot, BLACK, 0.4))


def kite(rng: Rng) -> Appearance:
    """Kite swallowtails: pale with black bars, and very long tails."""
    pale = tint(
        rng, one_of(rng, ((0.80, 0.92, 0.82), (0.95, 0.93, 0.80), (0.95, 0.86, 0.50), (0.96, 0.95, 0.90))), 0.03, 0.3
    )
    dark = tint(rng, (0.09, 0.07, 0.07))
    fore = forewing(rng, 34, -11, 0.56, -0.04, 0, 0.07, 0.028)
    tail = Tail(2.2, rng.uniform(0.28, 0.42), 0.018, -4, 1.3)
    hind = hindwing(rng, (0.43, 0.52, 0.60, 0.68, 0.64), back=-76, scallop=0.02, roundness=0.035, tails=(tail,))
    count = int(rng.integers(4, 7))
    bars = (
        Stripe(dark, at, 0.045, 8 + 18 * at, 0.5, low=-9 if k % 2 == 0 and k < 3 else 0.25 + 0.3 * at)
        for k, at in enumerate(0.10 + 0.58 * k / (count - 1) for k in range(count))
    )
    fore_pattern: Pattern = (
        Ground(pale, pale),
        *bars,
        Margin(dark, 0.07, 0.02, around=0.015),
        Band(pale, 0.93, 0.02),
        Veins(dark, 0.006, 0.4),
    )
    hind_pattern: Pattern = (
        Ground(pale, pale),
        Stripe(dark, 0.08, 0.05, -14),
        Stripe(dark, 0.26, 0.035, -22, taper=0.4),
        Margin(dark, 0.10, wave=0.02),
        Spots(tint(rng, (0.3, 0.5, 0.85)), 0.06, row(rng, 0.022, 0.2, 0.5), 0.6),
        Spots((0.85, 0.2, 0.15), 0.15, (0.045, 0.02), 0.7),
    )
    return Appearance(fore, hind, fore_pattern, hind_pattern, Body(dark, pale, dark, dark, 0.6))


def bluebottle(rng: Rng) -> Appearance:
    """Bluebottles and jays: slender and black, a glassy band or spots of it."""
    green = tint(
        rng, one_of(rng, ((0.30, 0.80, 0.78), (0.35, 0.70, 0.90), (0.70, 0.85, 0.35), (0.72, 0.48, 0.80))), 0.03, 0.2
    )
    dark = tint(rng, (0.08, 0.065, 0.06))
    fore = forewing(rng, 34, -11, 0.58, -0.07, 0.02, 0.09, 0.03)
    tails = (Tail(1.7, rng.uniform(0.10, 0.2), 0.018, -4, 0.6),) if chance(rng, 0.4) else ()
    hind = hindwing(rng, (0.44, 0.52, 0.60, 0.68, 0.62), back=-76, scallop=0.02, roundness=0.04, tails=tails)
    fore_pattern: Pattern = (
        Ground(dark, dark),
        Band(green, 0.62, rng.uniform(0.12, 0.2), 0.16, taper=-0.7, gaps=0.14, soft=0.02),
    )
    if chance(rng, 0.5):
        cell = (Band(green, at, 0.05, low=0.55, soft=0.02) for at in (0.25, 0.36, 0.47))
        fore_pattern = (*fore_pattern, *cell, Spots(green, 0.06, row(rng, 0.016)))
    hind_pattern = (
        Ground(dark, dark),
        Stripe(green, 0.22, rng.uniform(0.13, 0.2), -22, gaps=0.05, taper=0.5, soft=0.03),
        Spots(green, 0.08, row(rng, 0.022), 0.5),
    )
    return Appearance(fore, hind, fore_pattern, hind_pattern, Body(dark, (0.3, 0.3, 0.28), (0.6, 0.62, 0.6), dark))


def birdwing(rng: Rng) -> Appearance:
    """Birdwings: long dark forewings over golden or green hindwings."""
    gold = tint(rng, (0.95, 0.78, 0.14))
    gloss = tint(rng, one_of(rng, ((0.20, 0.62, 0.28), (0.16, 0.45, 0.80), (0.90, 0.50, 0.12))), 0.03)
    dark = tint(rng, (0.08, 0.065, 0.06))
    fore = forewing(rng, 30, -17, 0.56, 0.0, 0, 0.09, 0.05)
    hind = hindwing(rng, (0.45, 0.54, 0.60, 0.58, 0.46), back=-80, scallop=0.02)
    if chance(rng, 0.5):
        streaks = Spots(mix(dark, CREAM, 0.5), 0.22, row(rng, 0.03), 5.0, soft=0.05, strength=0.7)
        fore_pattern: Pattern = (Ground(dark, dark), streaks, Veins(dark, 0.012, 1))
        hind_pattern: Pattern = (
            Ground(gold, gold),
            Veins(dark, 0.014, 1.0),
            Margin(dark, 0.07, wave=0.06, around=0.02),
            Spots(dark, 0.12, row(rng, 0.022, 0.5)),
        )
    else:
        fore_pattern = (
            Ground(dark, dark),
            Patch(gloss, 0.55, 0.95, 0.55, 0.22, 0.3),
            Patch(gloss, 0.6, 0.02, 0.4, 0.14, 0.4),
            Margin(dark, 0.05, around=0.025),
            Veins(dark, 0.01, 0.9),
        )
        hind_pattern = (
            Ground(gloss, mix(gloss, gold, 0.4)),
            Veins(dark, 0.01, 0.9),
            Margin(dark, 0.05),
            Spots(dark, 0.13, row(rng, 0.03, 0.4)),
        )
    return Appearance(
        fore, hind, fore_pattern, hind_pattern, Body(dark, gold, mix(gold, dark, 0.5), dark, 0.4, 0.048, 0.48)
    )


def apollo(rng: Rng) -> Appearance:
    """Apollos: round and white, black blotches on the forewings, red eyes on the hindwings."""
    white, grey = tint(rng, (0.94, 0.93, 0.87), 0.03, 0.4, 0.01), (0.55, 0.54, 0.51)
    bright = tint(rng, one_of(rng, ((0.82, 0.16, 0.12), (0.92, 0.55, 0.14))), 0.02)
    fore = forewing(rng, 38, -10, 0.68, 0.09, 0, 0.09, 0.075)
    hind = hindwing(rng, (0.53, 0.61, 0.65, 0.63, 0.52), roundness=0.07)
    ring: Rings = ((1.0, BLACK), (0.78, bright), (0.3, WHITE))
    size = rng.uniform(0.8, 1.2)
    fore_pattern: Pattern = (
        Ground(mix(white, grey, 0.5), white, 0.0, 0.35),
        Margin(grey, 0.09, 0.04, soft=0.06, strength=0.8),
        Veins(grey, 0.008, 0.7),
        *(
            Patch(BLACK, p, v, 0.05 * size, dv * size)
            for p, v, dv in ((0.32, 0.68, 0.12), (0.54, 0.74, 0.11), (0.62, 0.28, 0.07), (0.72, 0.9, 0.09))
        ),
    )
    hind_pattern: Pattern = (
        Ground(mix(BLACK, grey, 0.5), white, 0.05, 0.35),
        Margin(grey, 0.05, soft=0.05, strength=0.7),
        Veins(grey, 0.008, 0.6),
        Eye(0.56, 0.72, 0.075 * size, ring),
        Eye(0.68, 0.42, 0.075 * size, ring),
        Patch(BLACK, 0.70, 0.10, 0.06, 0.07),
    )
    return Appearance(
        fore,
        hind,
        fore_pattern,
        hind_pattern,
        Body((0.35, 0.33, 0.3), (0.25, 0.23, 0.21), (0.5, 0.48, 0.44), width=0.052),
    )


def festoon(rng: Rng) -> Appearance:
    """Festoons: yellow with a black zigzag along the edge and red dots."""
    yellow, red = tint(rng, (0.94, 0.85, 0.50), 0.03, 0.2), tint(rng, (0.82, 0.18, 0.14))
    dark = tint(rng, (0.12, 0.09, 0.08))
    fore = forewing(rng, 36, -8, 0.66, 0.05, 0, 0.08, 0.055)
    hind = hindwing(rng, (0.52, 0.60, 0.65, 0.64, 0.54), scallop=0.02)

    def wing(*more: Element) -> Pattern:
        return (
            Ground(mix(yellow, dark, 0.2), yellow, 0.0, 0.3),
            *more,
            Veins(dark, 0.009, 0.7),
            Margin(dark, 0.11, wave=0.03),
            Spots(yellow, 0.055, row(rng, 0.034), 0.55, 0.6),
            Fringe(yellow, 0.014, True),
        )

    bars = (Stripe(dark, at, 0.05, 20, 0.3, low=0.45) for at in (0.2, 0.36, 0.5))
    dots = Spots(red, 0.2, row(rng, 0.022))
    fore_pattern = wing(*bars, Spots(dark, 0.22, row(rng, 0.03)), *((dots,) if chance(rng, 0.4) else ()))
    hind_pattern = wing(Spots(dark, 0.18, row(rng, 0.036)), dots, Band(dark, 0.25, 0.06))
    return Appearance(fore, hind, fore_pattern, hind_pattern, Body(dark, dark, red, dark, 0.5))
