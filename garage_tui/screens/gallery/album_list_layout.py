"""Whether the list of the Gallery is shown: beside the picture, instead of it, or not at all."""

from __future__ import annotations

from textual.widget import Widget

from garage_tui.screens.gallery.album_list import AlbumList

_NARROW = 100
"""Width in cells below which the list is hidden, and l shows it instead of the picture."""


class AlbumListLayout:
    """Shows and hides the list with the classes of the pane, which its style sheet knows.

    Args:
        pane: the parent of the list.
        stage: the widget that has the focus while the list has none.
    """

    def __init__(self, pane: Widget, stage: Widget) -> None:
        self._pane, self._stage = pane, stage

    def fit(self, width: int) -> None:
        """Hide the list where the pane becomes narrow, and show it beside the picture where it becomes wide."""
        narrow = width < _NARROW
        if narrow != self._pane.has_class("-narrow"):
            self.close()
            self._pane.set_class(narrow, "-narrow")
            self._pane.remove_class("-alone")

    def toggle(self) -> None:
        """Show the list, or give its space to the picture."""
        if not self._pane.has_class("-narrow"):
            self._pane.toggle_class("-alone")
            return
        self._pane.toggle_class("-list")
        is_listed = self._pane.has_class("-list")
        table = self._pane.query_one(AlbumList)
        table.can_focus = is_listed  # only there the keys are its own
        (table if is_listed else self._stage).focus()

    def close(self) -> None:
        """Show the picture again, if the list is shown instead of it."""
        if self._pane.has_class("-list"):
            self.toggle()
