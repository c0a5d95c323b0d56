"""A log: appended in batches, drawn line by line, following its end until the reader scrolls up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

MOST_LINES = 20_000
"""Lines kept in memory; older ones are in the file."""


class LogView(ScrollView, can_focus=True):
    """Lines of clean text. Nothing is interpreted in them."""

    DEFAULT_CSS = """
    LogView { overflow-x: auto; overflow-y: auto; scrollbar-size-horizontal: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("end,G", "follow", "Follow", show=False, tooltip="Go to the end of the log and follow it"),
    ]

    following: reactive[bool] = reactive(True, repaint=False)
    """True while new lines scroll into view by themselves."""

    class Followed(Message):
        """The log began or ceased to follow its end."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: list[str] = []
        self._width = 0

    def append(self, lines: Sequence[str]) -> None:
        """Add clean lines at the end."""
        if not lines:
            return
        follow = self.following
        new = [line.expandtabs() for line in lines]
        self.lines += new
        surplus = len(self.lines) - MOST_LINES
        if surplus > 0:
            del self.lines[:surplus]
        self._width = max(self._width, max(map(cell_len, new)))
        self.virtual_size = Size(self._width, len(self.lines))
        if follow:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)
        elif surplus > 0:  # what is being read stays where it is
            self.scroll_to(y=max(0, self.scroll_y - surplus), animate=False, immediate=True, force=True)
        self.refresh()

    def clear(self) -> None:
        """Forget all lines, and follow the end of those to come."""
        self.lines, self._width = [], 0
        self.virtual_size = Size(0, 0)
        self.following = True
        self.scroll_to(0, 0, animate=False, immediate=True, force=True)
        self.refresh()

    def action_follow(self) -> None:
        self.following = True
        self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y - 0.5:
            self.following = True
        elif new_value < old_value:  # only a reader moves upwards
            self.following = False

    def on_resize(self) -> None:
        if self.following:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def watch_following(self) -> None:
        self.post_message(self.Followed())

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width, style = self.size.width, self.rich_style
        if scroll_y + y >= len(self.lines):
            return Strip.blank(width, style)
        strip = Strip([Segment(self.lines[scroll_y + y], style)])
        return strip.crop_extend(scroll_x, scroll_x + width, style).apply_offsets(scroll_x, scroll_y + y)
