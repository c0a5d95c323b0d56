"""Types and checks for numbers that come from outside: settings, recipes, events."""

from __future__ import annotations

import sys
from typing import Annotated, TypeGuard

import msgspec


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value fits into a float; JSON also has NaN, Infinity, and integers of any length."""
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


Positive = Annotated[int, msgspec.Meta(ge=1)]
