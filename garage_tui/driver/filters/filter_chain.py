"""Several line filters as one: Textual copies each painted line for each of its filters, which costs more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.filter import LineFilter

if TYPE_CHECKING:
    from rich.segment import Segment
    from textual.color import Color


class FilterChain(LineFilter):
    """Applies filters one after the other.

    Args:
        filters: in their order.
    """

    def __init__(self, filters: Sequence[LineFilter]) -> None:
        super().__init__()
        self.filters = tuple(filters)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line as the last filter leaves them."""
        for one in self.filters:
            segments = one.apply(segments, background)
        return segments
