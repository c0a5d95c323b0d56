"""A line or two that say what just happened, or what is wrong."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget


class Notice(Widget):
    """A quiet text with a sign before it: done, wrong, or merely so. One line where it fits, three at most."""

    DEFAULT_CSS = """
    Notice { height: auto; min-height: 1; max-height: 3; padding: 0 2; }
    """

    content: reactive[Content] = reactive(Content, layout=True)
    """What the line says."""

    def watch_content(self) -> None:
        self.set_class(bool(self.text), "-filled")  # a low pane has no line to spare for nothing

    def render(self) -> Content:
        return self.content

    def done(self, text: str) -> None:
        """Something was done."""
        self.content = Content.assemble(("✓ ", "bold $success"), text)

    def wrong(self, text: str) -> None:
        """Something went wrong, or cannot be done."""
        self.content = Content.assemble(("✗ ", "bold $error"), (text, "$error"))

    def note(self, text: str) -> None:
        """Something is so."""
        self.content = Content.assemble((text, "$muted"))

    def clear(self) -> None:
        self.content = Content()

    @property
    def text(self) -> str:
        """What the line says, without its colours."""
        return self.content.plain
