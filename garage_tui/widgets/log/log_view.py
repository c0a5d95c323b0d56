"""The view of log lines: it keeps some of them in memory, follows the end or holds still, wraps, and searches."""

from __future__ import annotations

from collections.abc import Iterator
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

from garage_tui.core.base.log_reader import LogChunk
from garage_tui.widgets.log.marked_text import mark_term

NO_LINES = "No lines yet."
MAX_LINES = 20_000
"""Most lines in memory; the others are in the file."""


class LogView(ScrollView, can_focus=True):
    """The view of lines of clean text; no markup in them is interpreted."""

    DEFAULT_CSS = """
    LogView { overflow-x: auto; overflow-y: auto; scrollbar-size-horizontal: 0; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"logview--match"}
    HELP_NAME = "In the log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("end,G", "follow", "Follow", show=False, tooltip="Go to the end of the log and follow it"),
        Binding("left", "pan(-1)", "Left", show=False, tooltip="Scroll to the beginning of long lines"),
        Binding("right", "pan(1)", "Right", show=False, tooltip="Scroll to the end of long lines"),
    ]

    following: reactive[bool] = reactive(True, repaint=False)
    """True while the view scrolls to new lines by itself."""
    wrap: reactive[bool] = reactive(False)
    """True wraps long lines; False cuts them at the edge, and ← and → scroll."""
    empty: reactive[str] = reactive(NO_LINES)
    """What is shown while there are no lines; its owner may know why."""

    class Followed(Message):
        """The view started or stopped following the end, or its search or its sides have changed."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: list[str] = []
        self.starts: list[int] = []
        """The offset in the file of the first byte of each line."""
        self.end = 0
        """The offset in the file of the byte after the last complete line."""
        self.rest = ""
        """The incomplete line at the end of the file; if it is not empty, it is the last one of `lines` too."""
        self._width = 0
        self._rows: list[tuple[int, str]] = []
        """The rows of wrapped lines: the index of the line, and a piece of it."""
        self._wrapped_at = 0
        self.term = ""
        self.hits: list[int] = []
        """The indices of the lines that contain the search term."""
        self.hit = 0
        """The index into `hits` of the current match."""

    # ── lines ──

    @property
    def start(self) -> int:
        """The offset in the file of the first line's first byte."""
        return self.starts[0] if self.starts else self.end

    def replace(self, piece: LogChunk) -> None:
        """Replace all lines."""
        cut = self.cut
        self.lines, self.starts, self._rows, self.hits, self.hit, self._width = [], [], [], [], 0, 0
        self.end, self.rest = piece.start, ""
        self.virtual_size = Size(0, 0)
        self.add_after(piece)
        if self.cut != cut:
            self.post_message(self.Followed())

    def clear(self) -> None:
        """Remove all lines, and follow the end."""
        self.following = True
        self.replace(LogChunk())
        self.scroll_to(0, 0, animate=False, immediate=True, force=True)
        self.refresh()

    def add_after(self, piece: LogChunk) -> None:
        """Append the lines that come next in the file; above `MAX_LINES`, the first lines are dropped."""
        self._drop_rest()
        first = len(self.lines)
        self.lines += piece.lines
        self.starts += piece.starts
        self.end, self.rest = piece.end, piece.rest
        if piece.rest:
            self.lines.append(piece.rest)
            self.starts.append(piece.end)
        cut = self.cut
        self._width = max(self._width, max(map(cell_len, self.lines[first:]), default=0))
        if self.cut != cut:
            self.post_message(self.Followed())
        self._rows += self._pieces(first)
        self.hits += self._matches(first)
        above = len(self._rows) if self.wrap else len(self.lines)
        if (surplus := len(self.lines) - MAX_LINES) > 0:
            del self.lines[:surplus], self.starts[:surplus]
            self._rows = [(number - surplus, text) for number, text in self._rows if number >= surplus]
            gone = sum(number < surplus for number in self.hits)
            self.hits = [number - surplus for number in self.hits[gone:]]
            self.hit = max(0, self.hit - gone)
        self._resize_content()
        if self.following:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)
        elif surplus > 0:  # the visible lines stay where they are
            self._scroll_by(-(above - (len(self._rows) if self.wrap else len(self.lines))))
        self.refresh()

    def add_before(self, piece: LogChunk) -> None:
        """Insert the lines that come before in the file; above `MAX_LINES`, the last lines are dropped."""
        many = len(piece.lines)
        self.lines[:0], self.starts[:0] = piece.lines, piece.starts
        self._width = max(self._width, max(map(cell_len, piece.lines), default=0))
        if len(self.lines) > MAX_LINES:
            self._drop_rest()
        if len(self.lines) > MAX_LINES:
            self.end = self.starts[MAX_LINES]
            del self.lines[MAX_LINES:], self.starts[MAX_LINES:]
        rows = len(self._rows)
        if self.wrap:
            kept = [(number + many, text) for number, text in self._rows if number + many < len(self.lines)]
            self._rows = [*self._pieces(0, many), *kept]
            rows = len(self._rows) - len(kept)
        found = list(self._matches(0, many))
        self.hits = [*found, *(number + many for number in self.hits if number + many < len(self.lines))]
        self.hit = min(self.hit + len(found), max(0, len(self.hits) - 1))
        self._resize_content()
        if self.following:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)
        else:
            self._scroll_by(rows if self.wrap else many)
        self.refresh()

    def _drop_rest(self) -> None:
        if not self.rest:
            return
        self.rest = ""
        del self.lines[-1:], self.starts[-1:]
        for numbered in (self._rows, self.hits):
            while numbered and _number(numbered[-1]) >= len(self.lines):
                numbered.pop()

    def _scroll_by(self, rows: int) -> None:
        self.scroll_to(y=max(0, self.scroll_y + rows), animate=False, immediate=True, force=True)

    def _pieces(self, first: int, last: int | None = None) -> Iterator[tuple[int, str]]:
        width = self._wrapped_at
        if not self.wrap or width <= 0:
            return
        for number in range(first, len(self.lines) if last is None else last):
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
            self.show_line(top)
        self.refresh()

    def on_resize(self) -> None:
        if self.wrap and self._wrapped_at != self.scrollable_content_region.width:
            self._rewrap()
        if self.following:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def _line_at(self, row: int) -> int:
        return self._rows[min(row, len(self._rows) - 1)][0] if self._rows else row

    def show_line(self, number: int, column: int = 0) -> None:
        """Scroll so that this line is in the middle, and this cell of it is in sight."""
        row = next((row for row, (line, _) in enumerate(self._rows) if line == number), 0) if self._rows else number
        width = self.scrollable_content_region.width
        x = 0 if self.wrap or column < width else max(0, column - width // 2)
        self.scroll_to(x, max(0, row - self.size.height // 2), animate=False, immediate=True, force=True)

    # ── long lines ──

    @property
    def cut(self) -> str:
        """What is out of sight at the sides, and the keys that show it; empty if all lines fit."""
        if self.wrap or self._width <= self.scrollable_content_region.width:
            return ""
        at = round(self.scroll_x)
        return f"from column {at + 1} · ← back" if at else "→ or w: long lines"

    def action_pan(self, direction: int) -> None:
        """Scroll sideways by half the width; wrapped lines have nothing at their sides."""
        if not self.wrap:
            step = max(1, self.scrollable_content_region.width // 2)
            self.scroll_relative(x=direction * step, animate=False, immediate=True, force=True)

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_x(old_value, new_value)
        self.post_message(self.Followed())

    # ── following ──

    def action_follow(self) -> None:
        self.following = True
        self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def hold_or_follow(self) -> None:
        """Stop following the end, or follow it again."""
        if self.following:
            self.following = False
        else:
            self.action_follow()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y - 0.5:
            # Dropped lines change the position too: only a scroll down to the end of the log follows it.
            self.following = self.following or (new_value > old_value and self.is_at_end)
        elif new_value < old_value:  # only the user scrolls up
            self.following = False

    @property
    def is_at_end(self) -> bool:
        """True if the last line in memory is the last one of the log."""
        return True

    def watch_following(self) -> None:
        self.post_message(self.Followed())

    # ── searching ──

    def _matches(self, first: int, last: int | None = None) -> Iterator[int]:
        if self.term:
            numbers = range(first, len(self.lines) if last is None else last)
            yield from (number for number in numbers if self.term in self.lines[number].casefold())

    def mark(self, term: str) -> None:
        """Mark every line that contains `term`, in upper or lower case; an empty term removes the marks."""
        self.term = term.casefold()
        self.hits = list(self._matches(0))
        self.hit = max(0, len(self.hits) - 1)

    def show_hit(self) -> None:
        """Scroll to the current match."""
        if self.hits:
            self.following = False
            line = self.lines[self.hits[self.hit]]
            before = line[: max(0, line.casefold().find(self.term)) + len(self.term)]
            self.show_line(self.hits[self.hit], cell_len(before))
        self.post_message(self.Followed())
        self.refresh()

    # ── drawing ──

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width, style, row = self.size.width, self.rich_style, scroll_y + y
        if not self.lines and y == 0:
            return Strip([Segment(self.empty, style)]).crop_extend(0, width, style)
        if row >= (len(self._rows) if self.wrap else len(self.lines)):
            return Strip.blank(width, style)
        number, text = self._rows[row] if self.wrap else (row, self.lines[row])
        strip = Strip(self._segments(number, text, style))
        return strip.crop_extend(scroll_x, scroll_x + width, style).apply_offsets(scroll_x, row)

    def _segments(self, number: int, text: str, style: Style) -> list[Segment]:
        low = text.casefold()
        if not self.term or self.term not in low or len(low) != len(text):
            return [Segment(text, style)]
        here = bool(self.hits) and number == self.hits[self.hit]
        marked = style + self.get_component_rich_style("logview--match") + Style(reverse=here, underline=True)
        return mark_term(text, self.term, style, marked)


def _number(numbered: int | tuple[int, str]) -> int:
    return numbered if isinstance(numbered, int) else numbered[0]
