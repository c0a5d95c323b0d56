"""Types and checks for numbers that come from outside: settings, recipes, events."""

from __future__ import annotations

import re
import sys
from typing import Annotated, TypeGuard

import msgspec


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value fits into a float; JSON also has NaN, Infinity, and integers of any length."""
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


Positive = Annotated[int, msgspec.Meta(ge=1)]


_KINDS = {"int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false", "array": "a list"}
_BOUNDS = {">=": "of at least", ">": "above", "<=": "of at most", "<": "below"}
_EXPECTED = r"Expected `(\w+)(?: \| null)?`(?: (>=|>|<=|<) ([-\d.e+]+))?(?: that's a multiple of (\d+))?(, got .*)?"


def validation_text(error: msgspec.ValidationError) -> str:
    """Return in a sentence what is wrong with a value, after the name of its field: `epochs: must be a number above 0`.

    The name is left out where the error is about the whole.
    """
    reason, _, path = str(error).partition(" - at ")
    name = path.strip("`$.")
    if found := re.fullmatch(_EXPECTED, reason):
        kind, sign, bound, factor, _ = found.groups()
        reason = f"must be {_KINDS.get(kind, kind)}"
        reason += f" {_BOUNDS[sign]} {float(bound):.10g}" if sign else f" divisible by {factor}" if factor else ""
    else:
        reason = f"{reason[:1].lower()}{reason[1:]}"
    return f"{name}: {reason}" if name else reason
