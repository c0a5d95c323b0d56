"""The page of a document: its sentences with their marks, wrapped, with a cursor on one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

_MARK = "▸ "  # as in a table, the cursor is seen without colour too
_INDENT = 4


class PageItem(NamedTuple):
    """What the page shows in lines of its own."""

    sign: str
    style: str
    """Of the sign."""
    text: Content
    can_be_chosen: bool
    is_heading: bool = False


class _PageLine(NamedTuple):
    item: int
    first: bool
    text: Content


class PageView(ScrollView, can_focus=True, inherit_bindings=False):
    """The sentences of one page. The screen moves the cursor: its keys also go from page to page."""

    DEFAULT_CSS = """
    PageView { overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"page--cursor"}

    class Clicked(Message):
        """A sentence was clicked on."""

        def __init__(self, item: int) -> None:
            super().__init__()
            self.item = item

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.items: Sequence[PageItem] = ()
        self.cursor = -1
        """Index of the chosen item; -1 where none can be chosen."""
        self._lines: list[_PageLine] = []
        self._width = 0

    def show_items(self, items: Sequence[PageItem], cursor: int) -> None:
        """Show a page with the cursor on one of its items."""
        if not self.items or self.items != items:
            self.items, self._lines, self._width = items, [], 0  # hidden, it has no width to wrap them for
        self.cursor = cursor
        self._wrap()
        self._scroll_to_cursor()
        self.refresh()

    def on_resize(self) -> None:
        self._wrap()
        self._scroll_to_cursor()

    def on_click(self, event: events.Click) -> None:
        at = event.y - self.gutter.top + round(self.scroll_y)
        if 0 <= at < len(self._lines) and self.items[self._lines[at].item].can_be_chosen:
            self.post_message(self.Clicked(self._lines[at].item))

    def _wrap(self) -> None:
        width = self.scrollable_content_region.width
        if width <= _INDENT or width == self._width:
            return
        self._width, self._lines = width, []
        for index, item in enumerate(self.items):
            if item.is_heading and index:
                self._lines.append(_PageLine(index, False, Content("")))
            for number, text in enumerate(item.text.wrap(width - _INDENT)):
                self._lines.append(_PageLine(index, number == 0, text))
        self.virtual_size = Size(0, len(self._lines))

    def _scroll_to_cursor(self) -> None:
        height, top = self.scrollable_content_region.height, round(self.scroll_target_y)
        mine = [number for number, line in enumerate(self._lines) if line.item == self.cursor]
        if not mine or height <= 0:
            if self.cursor <= 0:
                self.scroll_to(y=0, animate=False, immediate=True, force=True)
            return
        first, last = mine[0], mine[-1]
        if all(not item.can_be_chosen for item in self.items[: self.cursor]):
            first = 0 if last < height else first  # what is above the first sentence is seen with it
        if first < top or last - first >= height:
            self.scroll_to(y=first, animate=False, immediate=True, force=True)
        elif last >= top + height:
            self.scroll_to(y=last - height + 1, animate=False, immediate=True, force=True)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        at = round(self.scroll_y) + y
        if at >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[at]
        item, here = self.items[line.item], line.item == self.cursor and bool(line.text.plain)
        style = self.get_visual_style("page--cursor") if here else self.visual_style
        mark = _MARK if here and line.first else "  "
        sign = Content.styled(f"{item.sign or ' '} ", item.style) if line.first else Content("  ")
        parse = self.app.stylesheet.parse_style
        drawn = [
            Segment(mark, style.rich_style),
            *(Segment(text, one.rich_style) for text, one in sign.render(style, end="", parse_style=parse)),
            *(Segment(text, one.rich_style) for text, one in line.text.render(style, end="", parse_style=parse)),
        ]
        return Strip(drawn).adjust_cell_length(width, style.rich_style)
