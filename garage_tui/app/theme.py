"""The themes. Each colour is one of the 256-colour palette, so that terminals without true colour look the same."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

VARIABLES = {"muted": "#a8a8a8", "line": "#444444", "cursor": "#303030", "chosen": "#3a3a3a"}
"""Theme variables of this app, with their values in themes that lack them."""

GARAGE = Theme(
    name="garage",
    primary="#ffaf5f",  # warm light: what is chosen, what is taught, the tuned model
    secondary="#87afd7",  # cool: what was there before, the base model
    accent="#ffaf5f",
    foreground="#dadada",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    success="#87d787",
    warning="#d787ff",  # no neighbour of the accent: a warning must not look like a key
    error="#ff8787",
    variables={
        **VARIABLES,
        "border": "#ffaf5f",
        "border-blurred": "#444444",
        "block-cursor-background": "#3a3a3a",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#303030",
        "input-selection-background": "#5f5f5f",
        "scrollbar": "#444444",
        "scrollbar-hover": "#6c6c6c",
        "scrollbar-active": "#949494",
        "scrollbar-background": "#1c1c1c",
        "scrollbar-background-hover": "#1c1c1c",
        "scrollbar-background-active": "#1c1c1c",
        "scrollbar-corner-color": "#1c1c1c",
    },
)

GARAGE_16 = Theme(
    name=GARAGE.name,
    primary="#ffff55",
    secondary="#55ffff",
    accent="#ffff55",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    success="#55ff55",
    warning="#ff55ff",
    error="#ff5555",
    variables={
        "muted": "#aaaaaa",
        "line": "#555555",
        "cursor": "#0000aa",  # the Linux console has no bright colours behind text
        "chosen": "#0000aa",
        "border": "#ffff55",
        "border-blurred": "#555555",
        "block-cursor-background": "#0000aa",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#0000aa",
        "input-selection-background": "#0000aa",
        "scrollbar": "#aaaaaa",
        "scrollbar-hover": "#aaaaaa",
        "scrollbar-active": "#ffffff",
        "scrollbar-background": "#000000",
        "scrollbar-background-hover": "#000000",
        "scrollbar-background-active": "#000000",
        "scrollbar-corner-color": "#000000",
    },
)
"""The same for 16 colours: each is exactly one of those, as Rich numbers them."""

_READ = ("primary", "secondary", "accent", "success", "warning", "error", "muted", "foreground")
"""The variables that text is painted with."""
LEAST_CONTRAST = 4.5
"""Lowest contrast ratio of text and its background (WCAG 2.2, 1.4.3, level AA)."""


def contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def readable(variables: dict[str, str]) -> dict[str, str]:
    """Return the variables of a theme that is not ours, fit for this app.

    Its shades of grey lie between its own background and foreground, and text keeps the least contrast on the
    background, on the chosen row, on the line of keys (panel) and in fields (surface).
    """
    background, foreground = (Color.parse(variables[name]) for name in ("background", "foreground"))
    if background.ansi is not None or foreground.ansi is not None:
        return variables  # the terminal's own colours, whatever they are
    background, foreground = background.with_alpha(1.0), foreground.with_alpha(1.0)
    shades = {"muted": 0.6, "line": 0.3, "cursor": 0.08, "chosen": 0.14}
    mixed = {name: background.blend(foreground, part, alpha=1).hex for name, part in shades.items()}
    fitted = {**variables, **mixed, "foreground": foreground.hex}
    grounds = [Color.parse(fitted[name]) for name in ("chosen", "panel", "surface")]
    for name in _READ:
        fitted[name] = _strengthened(Color.parse(fitted[name]), *grounds, background).hex
    return fitted


def _strengthened(color: Color, *backgrounds: Color) -> Color:
    """Return a colour, lightened or darkened until it can be read on all of these backgrounds."""
    end = Color.parse("white" if backgrounds[-1].brightness < 0.5 else "black")
    parts = (color.blend(end, part / 20, alpha=1) for part in range(21))
    return next((one for one in parts if min(contrast(one, each) for each in backgrounds) >= LEAST_CONTRAST), end)
