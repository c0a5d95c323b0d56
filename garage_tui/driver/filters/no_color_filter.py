"""NO_COLOR: shows what colours mean with bold, dim, underline and reverse instead (https://no-color.org).

Textual's own answer is greys, which are colours too, and hard to tell apart in many terminals.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_FIELD, _CHOSEN = 0.1, 0.15
"""Contrast to the app's background from which a background marks the focused field, and from which a selection."""
_QUIET = 0.6
"""Text with less contrast than this is secondary: it is dimmed."""
_VIVID = 0.2
"""A colour whose strongest and weakest component differ by more than this is no grey, so it has a meaning."""


def _explicit(colour: RichColor | None) -> Color | None:
    return None if colour is None or colour.is_default else Color.from_rich_color(colour)


def _contrast(colour: Color, ground: float) -> float:
    return abs(colour.brightness - ground)


@lru_cache(4096)
def without_colour(style: Style, ground: float) -> Style:
    """Return a style without colours.

    Args:
        style: the style in colours.
        ground: brightness of the app's background, from 0 to 1.
    """
    front, back = _explicit(style.color), _explicit(style.bgcolor)
    if style.reverse:
        front, back = back, front
    behind = _contrast(back, ground) if back else 0.0
    chosen = behind >= _CHOSEN
    vivid = quiet = False
    if front and not chosen:
        vivid = max(front.normalized) - min(front.normalized) >= _VIVID
        quiet = not vivid and _contrast(front, ground) < _QUIET
    return Style(
        bold=style.bold or vivid,
        dim=style.dim or quiet,
        italic=style.italic,
        underline=style.underline or _FIELD <= behind < _CHOSEN,
        strike=style.strike,
        reverse=chosen,
        link=style.link,
        meta=style.meta or None,
    )


class NoColorFilter(LineFilter):
    """Removes the colours of each line; Textual calls it before a line is sent.

    Args:
        ground: the app's background.
    """

    def __init__(self, ground: Color) -> None:
        super().__init__()
        self._ground = ground.brightness

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the line without colours."""
        return [
            segment
            if segment.control or segment.style is None
            else segment._replace(style=without_colour(segment.style, self._ground))
            for segment in segments
        ]
