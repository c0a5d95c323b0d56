"""Whites and sulphurs (Pieridae), blues and coppers (Lycaenidae), and skippers.

Each function draws one species of a family.
"""

from __future__ import annotations

from garage_tui.jobs.diffusion.butterfly.areas import Ground, Patch, Tip
from garage_tui.jobs.diffusion.butterfly.bands import Band, Stripe
from garage_tui.jobs.diffusion.butterfly.edges import Fringe, Margin, Veins
from garage_tui.jobs.diffusion.butterfly.individuals import Appearance, Body
from garage_tui.jobs.diffusion.butterfly.patterns import Pattern
from garage_tui.jobs.diffusion.butterfly.spots import Spots
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


def white(rng: Rng) -> Appearance:
    """Whites: dark tips and a spot or two."""
    pale, grey = tint(rng, (0.97, 0.97, 0.93), 0.06, 0.5, 0.01), tint(rng, (0.25, 0.24, 0.24))
    fore = forewing(rng, 38, -7, 0.68, 0.06, 0, 0.10, 0.06)
    hind = hindwing(rng, (0.54, 0.63, 0.67, 0.64, 0.54), roundness=0.07)
    line, chess = mix(pale, grey, 0.5), chance(rng, 0.25)
    base: Pattern = (
        Ground(mix(pale, grey, 0.3), pale, 0.0, 0.3),
        Veins(mix(grey, pale, 0.2) if chance(rng, 0.3) else line, 0.009, rng.uniform(0.3, 0.9)),
    )
    spots = (Patch(grey, 0.66, 0.62, 0.06, 0.07), *((Patch(grey, 0.68, 0.28, 0.06, 0.07),) if chance(rng, 0.6) else ()))
    fore_pattern: Pattern = (*base, Tip(grey, rng.uniform(0.74, 0.88), rng.uniform(0.4, 0.9), 0.03), *spots)
    hind_pattern: Pattern = (*base, Patch(grey, 0.72, 0.92, 0.06, 0.08))
    if chess:
        fore_pattern = (
            *base,
            Patch(grey, 0.45, 0.75, 0.1, 0.14),
            Margin(grey, 0.17, 0.06),
            Spots(pale, 0.06, row(rng, 0.026), 1.2),
            *spots,
        )
        hind_pattern = (*hind_pattern, Spots(grey, 0.05, row(rng, 0.035), 1.4))
    elif chance(rng, 0.5):
        hind_pattern = (*hind_pattern, Spots(grey, 0.02, row(rng, 0.02)))
    return Appearance(
        fore, hind, fore_pattern, hind_pattern, Body((0.3, 0.29, 0.28), (0.35, 0.33, 0.31), (0.6, 0.58, 0.54))
    )


def sulphur(rng: Rng) -> Appearance:
    """Sulphurs and clouded yellows: a dark margin round yellow or orange."""
    grounds = ((0.97, 0.86, 0.25), (0.95, 0.93, 0.62), (0.96, 0.62, 0.16), (0.97, 0.88, 0.20))
    yellow = tint(rng, one_of(rng, grounds), 0.02, 0.1, 0.02)
    dark, pink = tint(rng, (0.16, 0.12, 0.10)), mix((0.9, 0.5, 0.5), yellow, 0.4)
    fore = forewing(rng, 37, -6, 0.67, 0.03, 0, 0.09, 0.045)
    hind = hindwing(rng, (0.54, 0.61, 0.64, 0.61, 0.52), roundness=0.07)
    width, vein = rng.uniform(0.04, 0.13), mix(yellow, dark, 0.5)
    gaps = (Spots(yellow, width * 0.6, (0.012, 0.018, 0, 0.018, 0.02, 0.018, 0.015)),) if chance(rng, 0.5) else ()
    fore_pattern: Pattern = (
        Ground(mix(yellow, dark, 0.15), yellow, 0.0, 0.3),
        Veins(vein, 0.006, 0.4),
        Margin(dark, width, width * 0.8, 0.02, 0.015),
        *gaps,
        Patch(dark, 0.52, 0.72, 0.05, 0.07),
        Fringe(pink),
    )
    hind_pattern: Pattern = (
        Ground(mix(yellow, dark, 0.2), yellow, 0.0, 0.35),
        Veins(vein, 0.006, 0.3),
        Margin(dark, width * 0.7, 0.0, 0.02),
        Patch((0.93, 0.50, 0.12), 0.50, 0.60, 0.07, 0.08),
        Fringe(pink),
    )
    return Appearance(fore, hind, fore_pattern, hind_pattern, Body((0.35, 0.3, 0.2), mix(yellow, dark, 0.4), yellow))


def orange_tip(rng: Rng) -> Appearance:
    """Orange tips, and the red and violet ones of Africa."""
    pale = tint(rng, one_of(rng, ((0.97, 0.96, 0.90), (0.97, 0.94, 0.72))), 0.04, 0.5, 0.01)
    tip = tint(rng, one_of(rng, ((0.95, 0.50, 0.10), (0.85, 0.15, 0.18), (0.62, 0.25, 0.62))), 0.02)
    dark = tint(rng, (0.17, 0.14, 0.13))
    fore = forewing(rng, 39, -6, 0.66, 0.07, 0, 0.10, 0.065)
    hind = hindwing(rng, (0.54, 0.62, 0.65, 0.63, 0.54), roundness=0.07)
    at, edge = rng.uniform(0.52, 0.66), rng.uniform(0.03, 0.06)
    base: Pattern = (Ground(mix(pale, dark, 0.4), pale, 0.0, 0.25), Veins(mix(pale, dark, 0.4), 0.006, 0.5))
    inner = (Tip(dark, at - 0.06, 0.9),) if chance(rng, 0.5) else ()
    fore_pattern: Pattern = (
        *base,
        *inner,
        Tip(tip, at, 0.9, soft=0.05),
        Margin(dark, edge, 0.06, 0.03, 0.015),
        Patch(dark, 0.50, 0.72, 0.03, 0.05),
    )
    rim = Margin(dark, 0.06, wave=0.05) if chance(rng, 0.35) else Spots(dark, 0.012, row(rng, 0.018))
    return Appearance(
        fore, hind, fore_pattern, (*base, rim), Body((0.25, 0.24, 0.23), (0.3, 0.28, 0.26), (0.55, 0.52, 0.48))
    )


def brimstone(rng: Rng) -> Appearance:
    """Brimstones: like a yellow leaf, with an orange dot on each wing."""
    green = tint(rng, one_of(rng, ((0.88, 0.90, 0.45), (0.96, 0.80, 0.25), (0.90, 0.94, 0.78))), 0.03, 0.15, 0.02)
    dot = tint(rng, (0.90, 0.45, 0.15))
    fore = forewing(rng, 38, -8, 0.66, 0.02, 0.055, 0.14, 0.022)
    teeth = (0, 0, 0, 0.09, 0, 0, 0, 0.02)
    hind = hindwing(rng, (0.54, 0.61, 0.67, 0.65, 0.54), teeth=teeth, roundness=0.04)
    base: Pattern = (
        Ground(mix(green, WHITE, 0.3), green, 0.1, 0.8),
        Veins(mix(green, (0.4, 0.4, 0.1), 0.5), 0.007, 0.5),
    )
    glow = (Patch(mix(green, dot, 0.5), 0.5, 0.6, 0.3, 0.4, 1.5, rng.uniform(0.4, 1)),) if chance(rng, 0.5) else ()
    fore_pattern = (*base, *glow, Patch(dot, 0.52, 0.70, 0.035, 0.05), Fringe((0.6, 0.35, 0.15), 0.008, True))
    body = Body((0.5, 0.47, 0.35), (0.45, 0.42, 0.3), (0.7, 0.68, 0.5), (0.5, 0.25, 0.2), width=0.045)
    return Appearance(fore, hind, fore_pattern, (*base, Patch(dot, 0.5, 0.55, 0.04, 0.05)), body)


def jezebel(rng: Rng) -> Appearance:
    """Jezebels: black veins on white, a yellow or red edge."""
    pale = tint(rng, (0.93, 0.93, 0.90), 0.03, 0.4, 0.02)
    dark = tint(rng, (0.14, 0.12, 0.13))
    bright = tint(rng, one_of(rng, ((0.95, 0.75, 0.12), (0.85, 0.18, 0.12), (0.93, 0.50, 0.55), (0.55, 0.66, 0.82))))
    fore = forewing(rng, 36, -8, 0.64, 0.02, 0, 0.10, 0.05)
    hind = hindwing(rng, (0.53, 0.61, 0.65, 0.63, 0.54), roundness=0.07)
    veins, width = rng.uniform(0.012, 0.022), rng.uniform(0.18, 0.3)
    fore_pattern: Pattern = (
        Ground(mix(pale, dark, 0.3), pale, 0.0, 0.4),
        Veins(dark, veins, 0.9),
        Margin(dark, 0.16, 0.05, soft=0.05),
        Spots(pale, 0.09, row(rng, 0.022), 1.4),
    )
    hind_pattern: Pattern = (
        Ground(mix(pale, dark, 0.2), pale, 0.0, 0.4),
        Band(bright, 0.96 - width / 2, width, soft=0.06),
        Veins(dark, veins, 0.9),
        Margin(dark, 0.05, wave=0.05),
    )
    return Appearance(fore, hind, fore_pattern, hind_pattern, Body((0.25, 0.24, 0.25), (0.4, 0.39, 0.38), pale))


def blue(rng: Rng) -> Appearance:
    """Blues and hairstreaks: small and bright, with a white fringe and sometimes a thread for a tail."""
    main = tint(
        rng,
        one_of(
            rng, ((0.36, 0.48, 0.90), (0.45, 0.66, 0.92), (0.40, 0.30, 0.75), (0.36, 0.26, 0.20), (0.70, 0.78, 0.88))
        ),
        0.02,
    )
    dark = tint(rng, (0.13, 0.11, 0.14))
    fore = forewing(rng, 38, -6, 0.68, 0.07, 0, 0.08, 0.06)
    tails = (Tail(1.6, rng.uniform(0.08, 0.15), 0.011, -4, 1.0),) if chance(rng, 0.4) else ()
    hind = hindwing(rng, (0.54, 0.62, 0.66, 0.64, 0.54), roundness=0.06, tails=tails)
    lunules = (
        (Spots(tint(rng, (0.93, 0.50, 0.15)), 0.075, row(rng, 0.03, 0.2, rng.uniform(0, 0.8)), 0.7),)
        if chance(rng, 0.5)
        else ()
    )
    base: Pattern = (
        Ground(mix(main, WHITE, 0.15), main, 0.2, 0.9),
        Patch(mix(main, WHITE, 0.4), 0.45, 0.6, 0.4, 0.5, 1.5, 0.5),
        Veins(mix(main, dark, 0.5), 0.006, 0.5),
        Margin(dark, rng.uniform(0.02, 0.11), 0.03, soft=0.04),
    )
    fringe = Fringe(WHITE, 0.03, chance(rng, 0.4))
    fore_pattern = (*base, Patch(dark, 0.52, 0.7, 0.03, 0.05, strength=0.7), fringe)
    hind_pattern = (*base, *lunules, Spots(BLACK, 0.05, row(rng, 0.018)), fringe)
    return Appearance(
        fore, hind, fore_pattern, hind_pattern, Body(mix(main, dark, 0.6), mix(main, dark, 0.7), mix(main, WHITE, 0.4))
    )


def copper(rng: Rng) -> Appearance:
    """Coppers: black spots on metal, from orange to violet."""
    metals = ((0.66, 0.34, 0.45), (0.93, 0.48, 0.11), (0.95, 0.62, 0.20), (0.90, 0.36, 0.10))
    metal = tint(rng, one_of(rng, metals), 0.02)
    dark = tint(rng, (0.22, 0.16, 0.14))
    fore = forewing(rng, 36, -6, 0.66, 0.04, 0, 0.07, 0.045)
    hind = hindwing(rng, (0.52, 0.60, 0.64, 0.63, 0.54), teeth=(0, 0.03, 0.02, 0, 0, 0, 0, 0))
    size = rng.uniform(0.7, 1.1)
    fore_pattern: Pattern = (
        Ground(metal, metal),
        Margin(dark, rng.uniform(0.03, 0.1), 0.02, around=0.02),
        Spots(BLACK, 0.2, row(rng, 0.03 * size), 0.9),
        Patch(BLACK, 0.40, 0.65, 0.035, 0.08),
        Patch(BLACK, 0.55, 0.68, 0.03, 0.10),
        Veins(dark, 0.006, 0.5),
        Fringe(CREAM, 0.015),
    )
    plain: Pattern = (
        Ground(metal, metal),
        Spots(BLACK, 0.22, row(rng, 0.025 * size)),
        Band(BLACK, 0.5, 0.03, low=0.5),
    )
    banded: Pattern = (Ground(dark, dark), Band(metal, 0.85, rng.uniform(0.12, 0.2), gaps=0.05))
    end: Pattern = (
        Margin(dark, 0.03),
        Spots(BLACK, 0.06, row(rng, 0.018)),
        Veins(dark, 0.006, 0.4),
        Fringe(CREAM, 0.015),
    )
    return Appearance(fore, hind, fore_pattern, (banded if chance(rng, 0.6) else plain) + end, Body())


def skipper(rng: Rng) -> Appearance:
    """Skippers: stout, with short pointed wings."""
    main = tint(rng, one_of(rng, ((0.84, 0.52, 0.16), (0.34, 0.24, 0.15), (0.26, 0.22, 0.20))), 0.02, 0.15, 0.1)
    spot = tint(rng, one_of(rng, ((0.96, 0.86, 0.55), (0.95, 0.94, 0.90))))
    dark = mix(main, (0.15, 0.10, 0.07), 0.8)
    fore = forewing(rng, 34, -13, 0.56, 0.03, 0, 0.05, 0.04)
    hind = hindwing(rng, (0.47, 0.52, 0.55, 0.54, 0.46), roundness=0.055)
    fore_pattern: Pattern = (
        Ground(mix(main, dark, 0.2), main, 0.0, 0.5),
        Margin(dark, rng.uniform(0.1, 0.2), 0.05, soft=0.05),
        Stripe(dark, 0.30, 0.04, -48, low=-0.1, high=0.6, soft=0.03),
        Band(spot, 0.70, 0.07, gaps=0.3, jog=(0, 0.02, -0.02, 0.06, 0.04, -0.03, -0.06)),
        Veins(dark, 0.008, 0.6),
        Fringe(mix(main, CREAM, 0.6), 0.022),
    )
    hind_pattern: Pattern = (
        Ground(mix(main, dark, 0.4), main, 0.1, 0.6),
        Margin(dark, 0.1, soft=0.06),
        Band(spot, 0.66, 0.08, gaps=0.3, strength=rng.uniform(0, 1)),
        Veins(dark, 0.007, 0.5),
        Fringe(mix(main, CREAM, 0.6), 0.022),
    )
    body = Body(
        mix(main, dark, 0.4), mix(main, dark, 0.6), mix(main, CREAM, 0.3), dark, 0.6, 0.062, 0.46, 32, 0.30, 0.014
    )
    return Appearance(fore, hind, fore_pattern, hind_pattern, body)
