"""A log: appended in batches, drawn line by line, followed or held still, wrapped or not, searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
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
    COMPONENT_CLASSES: ClassVar[set[str]] = {"logview--match"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("end,G", "follow", "Follow", show=False, tooltip="Go to the end of the log and follow it"),
    ]

    following: reactive[bool] = reactive(True, repaint=False)
    """True while new lines scroll into view by themselves."""
    wrap: reactive[bool] = reactive(False)
    """True breaks long lines; False lets them run out of sight (← and → move)."""

    class Followed(Message):
        """The log began or ceased to follow its end, or was searched."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: list[str] = []
        self._width = 0
        self._rows: list[tuple[int, str]] = []
        """What is drawn when lines are wrapped: the line's number and a piece of it."""
        self._wrapped_at = 0
        self.term = ""
        self._hits: list[int] = []
        self._hit = 0

    # ── lines ──

    def append(self, lines: Sequence[str]) -> None:
        """Add clean lines at the end."""
        if not lines:
            return
        follow = self.following
        first = len(self.lines)
        self.lines += [line.expandtabs() for line in lines]
        self._width = max(self._width, max(cell_len(line) for line in self.lines[first:]))
        self._rows += self._pieces(first)
        self._hits += self._matches(first)
        above = len(self._rows) if self.wrap else len(self.lines)
        if (surplus := len(self.lines) - MOST_LINES) > 0:
            del self.lines[:surplus]
            self._rows = [(number - surplus, piece) for number, piece in self._rows if number >= surplus]
            gone = sum(number < surplus for number in self._hits)
            self._hits = [number - surplus for number in self._hits[gone:]]
            self._hit = max(0, self._hit - gone)
        self._resize_content()
        if follow:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)
        elif surplus > 0:  # what is being read stays where it is
            above -= len(self._rows) if self.wrap else len(self.lines)
            self.scroll_to(y=max(0, self.scroll_y - above), animate=False, immediate=True, force=True)
        self.refresh()

    def clear(self) -> None:
        """Forget all lines, and follow the end of those to come."""
        self.lines, self._rows, self._hits, self._hit, self._width = [], [], [], 0, 0
        self.virtual_size = Size(0, 0)
        self.following = True
        self.scroll_to(0, 0, animate=False, immediate=True, force=True)
        self.refresh()

    def _pieces(self, first: int) -> Iterator[tuple[int, str]]:
        width = self._wrapped_at
        if not self.wrap or width <= 0:
            return
        for number in range(first, len(self.lines)):
            line = self.lines[number]
            for piece in [line] if len(line) <= width and cell_len(line) <= width else chop_cells(line, width):
                yield number, piece

    def _resize_content(self) -> None:
        if self.wrap:
            self.virtual_size = Size(self._wrapped_at, len(self._rows))
        else:
            self.virtual_size = Size(self._width, len(self.lines))

    def _rewrap(self) -> None:
        self._wrapped_at = self.scrollable_content_region.width
        self._rows = list(self._pieces(0))
        self._resize_content()

    def watch_wrap(self) -> None:
        top = self._line_at(round(self.scroll_y))
        self._rewrap()
        if self.following:
            self.action_follow()
        else:
            self._show_line(top)
        self.refresh()

    def on_resize(self) -> None:
        if self.wrap and self._wrapped_at != self.scrollable_content_region.width:
            self._rewrap()
        if self.following:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def _line_at(self, row: int) -> int:
        return self._rows[min(row, len(self._rows) - 1)][0] if self._rows else row

    def _show_line(self, number: int) -> None:
        row = next((row for row, (line, _) in enumerate(self._rows) if line == number), 0) if self._rows else number
        self.scroll_to(0, max(0, row - self.size.height // 2), animate=False, immediate=True, force=True)

    # ── following ──

    def action_follow(self) -> None:
        self.following = True
        self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def hold_or_follow(self) -> None:
        """Hold the log still, or follow its end again."""
        if self.following:
            self.following = False
        else:
            self.action_follow()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y - 0.5:
            self.following = self.following or new_value > old_value  # a log that was shortened is no reader
        elif new_value < old_value:  # only a reader moves upwards
            self.following = False

    def watch_following(self) -> None:
        self.post_message(self.Followed())

    # ── searching ──

    def search(self, term: str) -> None:
        """Mark every line that holds `term` (in any case), and go to the newest one; nothing ends the search."""
        self.term = term.casefold()
        self._hits = list(self._matches(0))
        self._hit = len(self._hits) - 1
        self._show_hit()

    def go_to_match(self, places: int) -> None:
        """Go to an older match (negative) or a newer one; past the last it begins again."""
        if self._hits:
            self._hit = (self._hit + places) % len(self._hits)
            self._show_hit()

    @property
    def found(self) -> str:
        """`match 3 of 17`, `no match`, or nothing while nothing is searched."""
        if not self.term:
            return ""
        return f"match {self._hit + 1} of {len(self._hits)}" if self._hits else "no match"

    def _matches(self, first: int) -> Iterator[int]:
        if self.term:
            yield from (
                number for number in range(first, len(self.lines)) if self.term in self.lines[number].casefold()
            )

    def _show_hit(self) -> None:
        if self._hits:
            self.following = False
            self._show_line(self._hits[self._hit])
        self.post_message(self.Followed())
        self.refresh()

    # ── drawing ──

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width, style, row = self.size.width, self.rich_style, scroll_y + y
        if row >= (len(self._rows) if self.wrap else len(self.lines)):
            return Strip.blank(width, style)
        number, text = self._rows[row] if self.wrap else (row, self.lines[row])
        strip = Strip(self._segments(number, text, style))
        return strip.crop_extend(scroll_x, scroll_x + width, style).apply_offsets(scroll_x, row)

    def _segments(self, number: int, text: str, style: Style) -> list[Segment]:
        low = text.casefold()
        if not self.term or self.term not in low or len(low) != len(text):
            return [Segment(text, style)]
        here = bool(self._hits) and number == self._hits[self._hit]
        marked = style + self.get_component_rich_style("logview--match") + Style(reverse=here, underline=True)
        segments, start = [], 0
        while (place := low.find(self.term, start)) >= 0:
            end = place + len(self.term)
            segments += [Segment(text[start:place], style), Segment(text[place:end], marked)]
            start = end
        return [*segments, Segment(text[start:], style)]
