"""A line or two that say what just happened, or what is wrong."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

_READING_SECONDS = 5.0
_CHARACTERS_PER_SECOND = 15


class Notice(Widget):
    """A quiet text with a sign before it: done, wrong, or merely so. One line where it fits, three at most.

    Args:
        ends: the text goes away once there was time to read it.
    """

    DEFAULT_CSS = """
    Notice { height: auto; min-height: 1; max-height: 3; padding: 0 2; }
    """

    content: reactive[Content] = reactive(Content)
    """What the line says."""

    def __init__(self, *, ends: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ends = ends
        self._end_timer: Timer | None = None

    def watch_content(self) -> None:
        self.set_class(bool(self.text), "-filled")  # a low pane has no line to spare for nothing
        # Arranging the whole screen anew takes a while: only where the text takes other lines than the one before.
        if self.content.get_height({}, self.content_size.width or 1) != self.size.height:
            self.refresh(layout=True)

    def render(self) -> Content:
        return self.content

    def done(self, text: str) -> None:
        """Show that something succeeded."""
        self._show(Content.assemble(("✓ ", "bold $success"), text))

    def wrong(self, text: str) -> None:
        """Show what went wrong or cannot be done, for twice as long."""
        self._show(Content.assemble(("✗ ", "bold $error"), (text, "$error")), patience=2)

    def note(self, text: str) -> None:
        """Show a message without a sign."""
        self._show(Content.assemble((text, "$muted")))

    def hint(self, text: str) -> None:
        """Show a message until `clear`, such as what a key does in the field that is open."""
        self._show(Content.assemble((text, "$muted")), patience=0)

    def clear(self) -> None:
        self._show(Content(), patience=0)

    def _show(self, content: Content, patience: int = 1) -> None:
        """Show a text; `patience` is a factor on the time after which it ends, and 0 if it does not."""
        self.content = content
        if self._end_timer:
            self._end_timer.stop()
            self._end_timer = None
        if self._ends and patience:
            seconds = patience * (_READING_SECONDS + len(content.plain) / _CHARACTERS_PER_SECOND)
            self._end_timer = self.set_timer(seconds, lambda: self._end(content))

    def _end(self, content: Content) -> None:
        """Clear the text, unless another one is shown meanwhile."""
        if self.content == content:  # the same text shown twice is one content: Textual keeps the first of equals
            self.clear()

    @property
    def text(self) -> str:
        """What the line says, without its colours."""
        return self.content.plain
