"""The panel around a picture. It repaints its titles without the picture, which would cost most of the time."""

from __future__ import annotations

from typing import Self

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region


class Frame(Vertical, can_focus=True):
    """A panel with a title in its upper edge and one in its lower edge."""

    _naming = False
    _titles = "", ""

    def name_it(self, title: str, subtitle: str) -> None:
        """Set both titles; a title that has not changed is not repainted."""
        self._naming = True
        try:
            if title != self._titles[0]:
                self.border_title = Content(title)
            if subtitle != self._titles[1]:
                self.border_subtitle = Content(subtitle)
        finally:
            self._naming = False
        self._titles = title, subtitle

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint the panel; while its titles are set, only its first and last line."""
        if self._naming:
            left, top, (width, height) = -self.gutter.left, -self.gutter.top, self.outer_size
            regions = Region(left, top, width, 1), Region(left, top + height - 1, width, 1)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
