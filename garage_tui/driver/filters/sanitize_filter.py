"""Sanitises finished lines, so that no widget, ours or Textual's, can paint a control character of outside text."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from garage_tui.core.base.sanitize import blanked


class SanitizeFilter(LineFilter):
    """Replaces what `plain` would remove by blanks, in case a widget was given text that was not sanitised.

    Control codes of our own (pictures) pass.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line, as wide as they were."""
        if all(control or (text.isascii() and text.isprintable()) for text, _, control in segments):
            return segments
        return [
            one if one.control or (text := blanked(one.text, cell_len)) == one.text else Segment(text, one.style)
            for one in segments
        ]
