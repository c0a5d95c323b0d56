"""How many pictures were left out for one reason, in words; no picture library is imported for it."""

from __future__ import annotations

_WHYS = {
    "no picture": ("not a picture", "not pictures"),
    "duplicate": ("duplicate", "duplicates"),
    "link": ("link", "links"),
}
"""Reasons (`image_set.Why`) as a count of them says it, where that is not the reason itself."""


def count_text(why: str, number: int) -> str:
    """Return how many pictures were left out for a reason: `5 too small`, `2 not pictures`."""
    one, more = _WHYS.get(why, (why, why))
    return f"{number:,} {one if number == 1 else more}"
