"""The notice: up to three lines that say what just happened, or what is wrong."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget


class Notice(Widget):
    """The notice of a screen or dialog, with a sign for success or failure. One line if it fits, three at most."""

    DEFAULT_CSS = """
    Notice { height: auto; min-height: 1; max-height: 3; padding: 0 2; }
    """

    content: reactive[Content] = reactive(Content, layout=True)
    """The text with its colours."""

    def watch_content(self) -> None:
        self.set_class(bool(self.text), "-filled")  # in a low terminal, an empty notice takes no line

    def render(self) -> Content:
        return self.content

    def done(self, text: str) -> None:
        """Say that something was done."""
        self.content = Content.assemble(("✓ ", "bold $success"), text)

    def wrong(self, text: str) -> None:
        """Say that something failed, or cannot be done."""
        self.content = Content.assemble(("✗ ", "bold $error"), (text, "$error"))

    def note(self, text: str) -> None:
        """Show a neutral text."""
        self.content = Content.assemble((text, "$muted"))

    def clear(self) -> None:
        self.content = Content()

    @property
    def text(self) -> str:
        """The text without its colours."""
        return self.content.plain
