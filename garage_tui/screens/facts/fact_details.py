"""The panel below the table of the Facts screen: the chosen row in full."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static


class FactDetails(VerticalScroll):
    """A panel with a title and a text that scrolls where it is too long."""

    def __init__(self) -> None:
        super().__init__(id="facts-details", classes="panel")
        self.border_title = "Fact"

    def compose(self) -> ComposeResult:
        yield Static(id="facts-text")

    def display_text(self, title: str, text: Content) -> None:
        """Show a text from its beginning."""
        self.border_title = Content(title)
        panel = self.query_one("#facts-text", Static)
        # Arranging the whole screen anew takes 9 ms: only where the panel has to scroll, now or a moment ago.
        # Before the first layout it has no width, and nothing is there to measure a text by.
        fits = bool(self.size) and text.get_height({}, self.size.width) <= self.size.height >= panel.size.height
        panel.update(text, layout=not fits)
        self.scroll_home(animate=False)
