"""The function to which work on many items reports how many of them are done."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[int], None]
"""Takes the number of items that are done."""


def no_progress(done: int) -> None:
    """Report nothing."""
