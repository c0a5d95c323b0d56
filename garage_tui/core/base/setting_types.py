"""The types of settings that have bounds or a form of their own."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

COOLEST = 20.0
"""The lowest temperature limit, in °C."""
Celsius = Annotated[float, msgspec.Meta(ge=COOLEST, le=120)]
Watts = Annotated[float, msgspec.Meta(gt=0)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
LastingName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?!last$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="letters, digits, dots, hyphens and underscores, at most 64, and not `last`",
    ),
]
FactsPath = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?:(?![/~])(?!(?:.*/)?\.\.(?:/|$))[^\x00-\x1f]{1,200}\.jsonl)?$",
        description="a path in the workspace that ends with .jsonl, such as datasets/family.jsonl",
    ),
]
TimeOfDay = Annotated[
    str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="a time of day, such as 02:00")
]
WhileTraining = Literal["auto", "sleep", "wait", "both"]
"""What happens when a run is due on a GPU where the server has its model."""
