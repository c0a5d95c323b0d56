"""The themes. Each colour is one of the 256-colour palette, so that terminals without true colour look the same."""

from __future__ import annotations

from textual.theme import Theme

VARIABLES = {"muted": "#949494", "line": "#444444", "cursor": "#303030", "chosen": "#444444"}
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
    warning="#ffd787",
    error="#ff8787",
    variables={
        **VARIABLES,
        "border": "#ffaf5f",
        "border-blurred": "#444444",
        "block-cursor-background": "#444444",
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
