"""A text that is made for the width that it has."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.content import Content
from textual.widgets import Static


class FittedText(Static):
    """A text that is made again whenever its width changes, also when the widget gets its first one."""

    def __init__(self, content: str | Content = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(content, id=id, classes=classes)
        self._make: Callable[[int], Content] | None = None
        self._made_for = 0

    def fit(self, make: Callable[[int], Content]) -> None:
        """Show what `make` returns for the width in cells, now and after each change of the width."""
        self._make, self._made_for = make, 0
        self._fit()

    def on_resize(self, event: events.Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        width = self.content_size.width
        if self._make and width > 0 and width != self._made_for:
            self._made_for = width
            self.update(self._make(width))
