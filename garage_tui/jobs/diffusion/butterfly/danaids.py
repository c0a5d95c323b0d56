"""Milkweed butterflies, glasswings and longwings, fritillaries, morphos, owls and browns.

Each function draws one species of a family.
"""

from __future__ import annotations

from garage_tui.jobs.diffusion.butterfly.areas import Ground, Patch, Tip
from garage_tui.jobs.diffusion.butterfly.bands import Band, Stripe
from garage_tui.jobs.diffusion.butterfly.edges import Fringe, Margin, Veins
from garage_tui.jobs.diffusion.butterfly.individuals import Appearance, Body
from garage_tui.jobs.diffusion.butterfly.patterns import Element, Pattern, Rings
from garage_tui.jobs.diffusion.butterfly.spots import Ocelli, Spots
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


def monarch(rng: Rng) -> Appearance:
    """Milkweed butterflies: orange with black veins and white dots, mahogany queens, pale-striped blue tigers."""
    kind = one_of(rng, ("monarch", "monarch", "queen", "tiger"))
    ground = tint(rng, {"monarch": (0.87, 0.43, 0.09), "queen": (0.56, 0.24, 0.09), "tiger": (0.62, 0.80, 0.82)}[kind])
    dots = tint(rng, WHITE)
    dark = tint(rng, (0.10, 0.07, 0.06))
    width = rng.uniform(0.08, 0.12)
    fore = forewing(rng, 33, -8, 0.63, -0.03, 0.025, 0.06, 0.035, 0.006)
    hind = hindwing(rng, (0.51, 0.58, 0.62, 0.60, 0.50), scallop=0.008)
    if kind == "tiger":
        pattern: Pattern = (
            Ground(dark, dark),
            Spots(ground, 0.28, row(rng, 0.032), 4.5),
            Stripe(ground, 0.0, rng.uniform(0.08, 0.12), 96),
            Spots(ground, 0.14, row(rng, 0.02), 1.3),
            Spots(ground, 0.06, row(rng, 0.013)),
        )
        return Appearance(fore, hind, pattern, pattern[:2] + pattern[3:], Body(dark, dark, (0.5, 0.5, 0.5), dark))
    veins = 0.018 if kind == "monarch" else 0.008
    rims: Pattern = (
        Margin(dark, width, around=0.045),
        Spots(dots, 0.03, row(rng, 0.012)),
        Spots(dots, 0.07, row(rng, 0.016)),
    )
    tip: Pattern = (
        Tip(dark, rng.uniform(0.68, 0.78), 1.1),
        Band(mix(ground, WHITE, rng.uniform(0.4, 1)), 0.80, 0.075, tilt=0.1, low=0.55, gaps=0.3),
    )
    if kind == "queen":
        tip = (Spots(dots, 0.2, row(rng, 0.016)), Spots(dots, 0.29, (0, 0, 0, 0, 0.016, 0.018, 0.016)))
    base: Pattern = (Ground(mix(ground, (0.5, 0.18, 0.04), 0.35), ground, 0.1, 0.6),)
    lines = (Veins(dark, veins, 1.0),)
    body = Body(dark, dark, (0.4, 0.36, 0.3), BLACK)
    return Appearance(fore, hind, base + tip[:1] + lines + rims[:1] + tip[1:] + rims[1:], base + lines + rims, body)


def glasswing(rng: Rng) -> Appearance:
    """Glasswings: nothing but veins and a dark or red rim on clear wings."""
    clear = tint(rng, (0.87, 0.87, 0.84), 0.05, 0.3, 0.02)
    dark = tint(rng, (0.22, 0.14, 0.11))
    red = tint(rng, (0.62, 0.28, 0.14), 0.03)
    fore = forewing(rng, 28, -15, 0.56, 0.08, 0, 0.10, 0.05)
    hind = hindwing(rng, (0.55, 0.55, 0.54, 0.50, 0.42), front=12, roundness=0.06)
    end: Pattern = (
        Veins(dark, 0.011, 0.9),
        Margin(dark, rng.uniform(0.05, 0.08), around=0.035),
        Spots(WHITE, 0.03, row(rng, 0.01)),
    )
    fore_pattern: Pattern = (
        Ground(clear, clear),
        Tip(dark, 0.76, 0.5),
        Stripe(WHITE, 0.66, 0.08, 18),
        Stripe(dark, 0.46, 0.04, 22, low=0.38),
        *end,
    )
    rim = Margin(red, rng.uniform(0.07, 0.14), around=0.03) if chance(rng, 0.6) else Margin(dark, 0.07)
    return Appearance(
        fore, hind, fore_pattern, (Ground(clear, clear), rim, *end), Body(width=0.032, length=0.48, antenna=0.44)
    )


def longwing(rng: Rng) -> Appearance:
    """Longwings of the tropics: postmen, zebras, tigers and blue ones."""
    black = tint(rng, (0.07, 0.055, 0.06))
    red, orange = tint(rng, (0.86, 0.16, 0.10)), tint(rng, (0.90, 0.48, 0.13))
    yellow, blue = tint(rng, (0.96, 0.87, 0.45), 0.02, 0.4), tint(rng, (0.16, 0.30, 0.78), 0.03)
    fore = forewing(rng, 26, -18, 0.52, 0.10, 0, 0.10, 0.055)
    hind = hindwing(rng, (0.56, 0.54, 0.52, 0.47, 0.40), front=10, back=-78, roundness=0.06, scallop=0.006)
    dots = Spots(yellow, 0.04, row(rng, 0.009))
    ground, across = Ground(black, black), rng.uniform(0.08, 0.17)
    kinds: dict[str, tuple[Pattern, Pattern]] = {
        "postman": (
            (ground, Stripe(red, 0.62, across + 0.06, 14, 0.3, soft=0.03)),
            (ground, *((Stripe(yellow, 0.03, 0.09, 80),) if chance(rng, 0.6) else ())),
        ),
        "zebra": (
            (
                ground,
                Stripe(yellow, -0.02, 0.07, 82, high=0.7),
                Stripe(yellow, 0.55, 0.06, 30, low=0.1),
                Stripe(yellow, 0.74, 0.05, 30, low=0.3),
            ),
            (ground, Band(yellow, 0.42, 0.13, tilt=-0.1), Spots(yellow, 0.08, row(rng, 0.018))),
        ),
        "doris": (
            (Ground(red, red), Tip(black, 0.38, 0.25), Stripe(yellow, 0.62, across, 20, gaps=0.12, low=0.15)),
            (ground, Spots(red, 0.2, row(rng, 0.022), 6.0, soft=0.02), dots),
        ),
        "tiger": (
            (
                Ground(orange, orange),
                Tip(black, 0.56, 0.35),
                Stripe(yellow, 0.66, 0.10, 24, low=0.1, gaps=0.12),
                Patch(black, 0.42, 0.55, 0.07, 0.18),
                Margin(black, 0.04, around=0.03),
            ),
            (
                Ground(orange, orange),
                Stripe(black, -0.08, 0.08, 80),
                Margin(black, 0.06),
                Spots(WHITE, 0.03, row(rng, 0.01)),
            ),
        ),
        "blue": (
            (
                Ground(blue, black, 0.15, 0.5),
                Stripe(yellow, 0.50, across * 0.8, 10),
                Stripe(yellow, 0.76, 0.07, 24, low=0.2),
            ),
            (Ground(blue, mix(blue, black, 0.8), 0.2, 0.8), Margin(black, 0.08)),
        ),
    }
    fore_pattern, hind_pattern = kinds[one_of(rng, list(kinds))]
    body = Body(BLACK, BLACK, yellow, BLACK, 0.4, 0.034, 0.50, 25, 0.46)
    return Appearance(
        fore, hind, (*fore_pattern, Veins(black, 0.009, 0.7)), (*hind_pattern, Veins(black, 0.008, 0.5)), body
    )


def fritillary(rng: Rng) -> Appearance:
    """Fritillaries: orange, with rows of black spots and broken lines."""
    orange = tint(rng, one_of(rng, ((0.89, 0.50, 0.15), (0.83, 0.42, 0.13), (0.88, 0.60, 0.28))))
    dusk = mix(orange, BROWN, rng.uniform(0.3, 0.9))
    fore = forewing(rng, 36, -7, 0.66, 0.03, 0, 0.08, 0.045)
    hind = hindwing(rng, (0.53, 0.61, 0.66, 0.64, 0.54), scallop=0.006)
    size = rng.uniform(0.8, 1.15)

    def wing(*inner: Element) -> Pattern:
        return (
            Ground(dusk, orange, 0.1, 0.45),
            *inner,
            Veins(BLACK, 0.008, 0.6),
            Band(BLACK, 0.56, 0.035 * size, arc=0.03, jog=jogs(rng, 0.04), soft=0.02),
            Spots(BLACK, 0.17, row(rng, 0.022 * size)),
            Spots(BLACK, 0.085, row(rng, 0.026 * size), 0.45, 0.5),
            Margin(BLACK, 0.022),
            Spots(BLACK, 0.03, row(rng, 0.020 * size), 0.7),
        )

    bars = (Band(BLACK, at, 0.028 * size, low=0.5, soft=0.015) for at in (0.2, 0.30, 0.40, 0.48))
    fore_pattern, hind_pattern = wing(*bars), wing(Band(BLACK, 0.38, 0.03 * size, jog=jogs(rng, 0.03)))
    return Appearance(
        fore, hind, fore_pattern, hind_pattern, Body((0.3, 0.2, 0.12), (0.25, 0.17, 0.1), (0.5, 0.35, 0.2))
    )


def morpho(rng: Rng) -> Appearance:
    """Morphos: all blue, blue across black, or pearl."""
    kind = one_of(rng, ("banded", "blue", "blue", "pearl", "blue", "banded"))
    blue = tint(rng, one_of(rng, ((0.10, 0.40, 0.88), (0.16, 0.58, 0.90), (0.30, 0.26, 0.80))), 0.02, 0.15, 0.08)
    if kind == "pearl":
        blue = tint(rng, (0.86, 0.90, 0.88), 0.05, 0.3, 0.02)
    bright = mix(blue, (0.6, 0.88, 1.0), 0.5)
    dark = tint(rng, (0.09, 0.07, 0.07))
    fore = forewing(rng, 36, -11, 0.74, -0.03, 0.02, 0.12, 0.05)
    hind = hindwing(rng, (0.60, 0.68, 0.75, 0.75, 0.62), scallop=rng.uniform(0, 0.012))
    width = rng.uniform(0.04, 0.10) if kind != "pearl" else 0.025

    def wing(apex: float) -> Pattern:
        ground: Pattern = (
            Ground(mix(blue, dark, 0.3), blue, 0.0, 0.35),
            Patch(bright, 0.6, 0.6, 0.4, 0.5, 1.4, 0.6),
        )
        if kind == "banded":
            ground = (
                Ground(dark, dark),
                Band(blue, 0.60, rng.uniform(0.22, 0.36), tilt=-0.1 if not apex else 0.0, soft=0.06),
                Band(bright, 0.58, 0.12, soft=0.12, strength=0.8),
            )
        return (
            *ground,
            Veins(mix(blue, dark, 0.6), 0.008, 0.5),
            Margin(dark, width, apex if kind != "pearl" else apex / 3, 0.02, 0.03 if apex else 0.0, 0.04),
            Spots(WHITE, 0.035, row(rng, 0.011)),
            Spots(WHITE, 0.08, (0, 0, 0, 0, 0.014, 0.014, 0.012) if apex else (0,)),
        )

    return Appearance(fore, hind, wing(0.14), wing(0.0), Body(width=0.04, length=0.40))


def owl(rng: Rng) -> Appearance:
    """Owls of the tropics: broad, brown and violet, with a pale or fiery bar."""
    base = tint(rng, (0.34, 0.22, 0.13), 0.02, 0.2, 0.15)
    violet = tint(rng, (0.30, 0.30, 0.62), 0.06, 0.25)
    bar = tint(rng, one_of(rng, ((0.93, 0.78, 0.45), (0.90, 0.50, 0.14), (0.80, 0.80, 0.72))))
    dark = mix(base, BLACK, 0.6)
    fore = forewing(rng, 36, -12, 0.76, 0.0, 0, 0.14, 0.06)
    hind = hindwing(rng, (0.58, 0.65, 0.70, 0.69, 0.57), scallop=0.008)
    width = rng.uniform(0.08, 0.14)
    fore_pattern: Pattern = (
        Ground(mix(base, violet, 0.3), base, 0.1, 0.5),
        Stripe(bar, rng.uniform(0.55, 0.66), width, 12, soft=0.08, strength=0.9),
        Margin(dark, 0.13, 0.06, soft=0.08),
        Ocelli(0.16, (0, 0, 0, 0, 0.012, 0.018, 0.012), ((1.0, WHITE),)),
        Veins(dark, 0.007, 0.5),
    )
    hind_pattern: Pattern = (
        Ground(base, violet, 0.0, 0.5),
        Band(dark, 0.85, 0.40, soft=0.12),
        *((Margin(bar, 0.10, soft=0.06),) if chance(rng, 0.5) else ()),
        Veins(dark, 0.007, 0.4),
    )
    return Appearance(
        fore,
        hind,
        fore_pattern,
        hind_pattern,
        Body(mix(base, BLACK, 0.2), base, mix(base, CREAM, 0.3), width=0.055, length=0.40),
    )


def brown(rng: Rng) -> Appearance:
    """Browns, ringlets and heaths: round, with border ocelli."""
    base = tint(rng, one_of(rng, ((0.38, 0.25, 0.15), (0.24, 0.16, 0.12), (0.62, 0.42, 0.22))), 0.02, 0.15, 0.15)
    glow = tint(rng, one_of(rng, ((0.82, 0.50, 0.18), (0.70, 0.30, 0.12), (0.88, 0.78, 0.55))))
    dark = mix(base, BLACK, 0.4)
    fore = forewing(rng, 37, -7, 0.70, 0.07, 0, 0.09, 0.07)
    hind = hindwing(rng, (0.54, 0.62, 0.66, 0.64, 0.54), roundness=0.06, scallop=rng.uniform(0, 0.02))
    ring: Rings = ((1.0, mix(glow, CREAM, 0.4)), (0.74, BLACK), (0.30, WHITE))
    strength = rng.uniform(0.1, 1)
    size = rng.uniform(0.035, 0.055)
    second = one_of(rng, (0.0, 0.6, 0.9)) * size
    hinds = tuple(
        size * share for share in one_of(rng, ((0, 0.8, 1, 0.7, 0, 0.5), (0, 0.9), (0, 0.6, 0.9, 0.9, 0.9, 0.6)))
    )
    line = (Band(dark, rng.uniform(0.42, 0.52), 0.03, arc=-0.02, jog=jogs(rng, 0.02)),) if chance(rng, 0.5) else ()
    around: Pattern = (
        Margin(dark, 0.055, soft=0.03),
        Veins(dark, 0.007, 0.5),
        Fringe(mix(base, CREAM, rng.uniform(0.1, 0.7))),
    )
    fore_pattern = (
        Ground(mix(base, BLACK, 0.3), base),
        Band(glow, 0.74, rng.uniform(0.16, 0.28), soft=0.06, strength=strength, gaps=0.06, taper=0.3),
        *line,
        Ocelli(0.15, (0, second, 0, 0, 0, size), ring),
        *around,
    )
    hind_pattern = (
        Ground(mix(base, BLACK, 0.3), base),
        Band(glow, 0.74, 0.2, soft=0.06, strength=strength * 0.8, gaps=0.06),
        *line,
        Ocelli(0.13, hinds, ring),
        *around,
    )
    return Appearance(fore, hind, fore_pattern, hind_pattern, Body(dark, mix(base, BLACK, 0.2), base))
