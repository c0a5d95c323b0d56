"""The table of the app. It renders only its visible rows, so 100,000 rows cost no more than ten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import ClassVar

import msgspec
from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

_MARK = "▸ "  # the row under the cursor is marked by a sign too, never by colour alone
_GAP = "  "
_WIDE = 100


class Column(msgspec.Struct, frozen=True):
    """A column of a table: its title, and its width in cells; if that is 0, its share of the remaining width."""

    title: str
    width: int = 0
    share: int = 1
    right: bool = False
    wide: bool = False
    """True hides the column if the table is narrower than 100 cells."""
    middle: bool = False
    """True cuts a long text in its middle, because its two ends identify it."""


def cut_middle(text: Content, width: int) -> Content:
    """Return a text cut in its middle to `width` cells: a third of them for its beginning, the rest for its end."""
    if text.cell_length <= width or width < 4:
        return text
    head = text[: _fitting(text.plain, (width - 1) // 3)]
    tail = _fitting(text.plain[::-1], width - 1 - head.cell_length)
    return head + Content("…") + text[len(text) - tail :]


def _fitting(text: str, width: int) -> int:
    """Return how many characters from the beginning of a text fit into `width` cells."""
    used = accumulate(map(cell_len, text))
    return next((index for index, cells in enumerate(used) if cells > width), len(text))


Cells = Callable[[int], Sequence[Content]]
"""Returns the cells of one row; called for visible rows only."""


class Table(ScrollView, can_focus=True):
    """A table with a cursor. A callback returns the cells of a row when the row is rendered."""

    DEFAULT_CSS = """
    Table { overflow-x: hidden; overflow-y: auto; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--titles", "table--cursor", "table--cell"}
    HELP_NAME = "In the table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "to(0)", "First row", show=False),
        Binding("end,G", "to(-1)", "Last row", show=False),
        Binding("enter", "select", "Open", show=False),
    ]

    column: reactive[int | None] = reactive(None)
    """The chosen cell of the row under the cursor, as an index into `columns`; None where whole rows are chosen."""
    cursor: reactive[int] = reactive(0, repaint=False)
    """The row under the cursor, from 0; 0 too while there are no rows."""

    class Moved(Message):
        """The cursor moved to another row, or the rows changed."""

        def __init__(self, table: Table, row: int) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> Table:
            return self.table

    class Selected(Message):
        """Enter was pressed on a row."""

        def __init__(self, table: Table, row: int) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> Table:
            return self.table

    def __init__(self, *columns: Column, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = columns
        self.count = 0
        self._cells: Cells = lambda row: ()
        self._drawn: dict[object, Strip] = {}

    def show_rows(self, count: int, cells: Cells, cursor: int | None = None) -> None:
        """Show `count` rows. The cursor stays on its row number, or moves to row `cursor`."""
        self.count, self._cells = count, cells
        self._drawn.clear()
        self.virtual_size = Size(0, count + 1)
        self.set_reactive(Table.cursor, self._inside(self.cursor if cursor is None else cursor))
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def _inside(self, row: int) -> int:
        return max(0, min(row, self.count - 1))

    def validate_cursor(self, row: int) -> int:
        return self._inside(row)

    def watch_cursor(self) -> None:
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def _scroll_to_cursor(self) -> None:
        height = self.size.height - 1
        top = round(self.scroll_target_y)
        if height <= 0:
            return
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True, force=True)

    def on_resize(self) -> None:
        self._scroll_to_cursor()

    def action_move(self, rows: int) -> None:
        self.cursor += rows

    def action_page(self, pages: int) -> None:
        self.cursor += pages * max(1, self.size.height - 2)

    def action_to(self, row: int) -> None:
        self.cursor = row if row >= 0 else self.count - 1

    def action_select(self) -> None:
        if self.count:
            self.post_message(self.Selected(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        row = event.y - self.gutter.top - 1 + round(self.scroll_y)
        if event.y > self.gutter.top and row < self.count:
            self.cursor = row

    def render_line(self, y: int) -> Strip:
        """Draw one line: the titles, a row, or nothing."""
        width = self.scrollable_content_region.width
        if y == 0:
            return self._strip(
                [Content(column.title) for column in self.columns], width, "table--titles", " " * len(_MARK)
            )
        row = round(self.scroll_y) + y - 1
        if row >= self.count:
            return Strip.blank(width, self.rich_style)
        here = row == self.cursor
        key = (row, here, self.column, self.columns, width, self.visual_style, self.has_focus, self.app.theme)
        if key not in self._drawn:
            if len(self._drawn) > 500:
                self._drawn.clear()
            self._drawn[key] = self._strip(
                self._cells(row),
                width,
                "table--cursor" if here else "",
                _MARK if here else " " * len(_MARK),
                self.column if here else None,
            )
        return self._drawn[key]

    def _strip(self, cells: Sequence[Content], width: int, part: str, mark: str, chosen: int | None = None) -> Strip:
        # Segments are made directly: a Visual would search each line for places to wrap, and a Content of the whole
        # line would be measured, cut and rendered once more, at twice the cost.
        style = self.get_visual_style(part) if part else self.visual_style
        parse, drawn, used = self.app.stylesheet.parse_style, [(mark, style)], len(mark)
        for index, (column, size, cell) in enumerate(zip(self.columns, self._widths(width), cells, strict=False)):
            if column.wide and width < _WIDE:
                continue
            cell = (cut_middle(cell, size) if column.middle else cell).truncate(size, ellipsis=True)
            space = (" " * (size - cell.cell_length), style)
            if index == chosen and self.has_focus:
                cell = cell.stylize(self.get_visual_style("table--cell"))
            texts = cell.render(style, end="", parse_style=parse)
            drawn += (space, *texts, (_GAP, style)) if column.right else (*texts, space, (_GAP, style))
            used += size + len(_GAP)
        segments = Segment.simplify(Segment(text, text_style.rich_style) for text, text_style in drawn if text)
        return Strip(segments, used).adjust_cell_length(width, style.rich_style)

    def _widths(self, width: int) -> list[int]:
        shown = [column for column in self.columns if width >= _WIDE or not column.wide]
        fixed = sum(column.width for column in shown) + len(_GAP) * len(shown) + len(_MARK)
        shares = sum(column.share for column in shown if not column.width) or 1
        left = max(0, width - fixed)
        return [column.width or left * column.share // shares for column in self.columns]
