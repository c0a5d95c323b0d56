"""The table of the Facts screen: the rows of a file that are shown, and the row that is being added."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from textual.content import Content

from garage_tui.core.base.sanitize import shown_line
from garage_tui.core.facts.editable_rows import EditableRows
from garage_tui.core.facts.line import Line
from garage_tui.core.facts.row_draft import RowDraft
from garage_tui.screens.facts import row_text
from garage_tui.widgets.table import Column, Table

QUESTION, ANSWER = 1, 2
"""The columns whose cells can be chosen."""
_WIDE = 100
"""Columns of the screen from which the coverage is written out."""


_NARROW = 70
"""Columns of the screen from which there is room for the sign of a status."""
Status = Callable[[Line], tuple[str, str, str]]
"""Returns sign, word and style of what became of a line's fact."""


def _columns(width: int, count: int, status: bool) -> tuple[Column, ...]:
    """Return the columns of a table of `width` cells; line numbers up to `count` fit into the first one.

    Args:
        status: have a column for what became of the facts, where there is room.
    """
    number = Column("#", max(3, 2 + len(str(count))), right=True)
    if width >= _WIDE:
        more = (Column("Status", 13),) if status else ()
        return number, Column("Question", share=5), Column("Answer", share=6), Column("Coverage", 15), *more
    more = (Column("", 1),) if status and width >= _NARROW else ()
    return number, Column("Question", share=5), Column("Answer", share=3), Column("", 2, right=True), *more


class FactTable(Table):
    """A table that knows the position in the file of each of its rows."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(*_columns(0, 0, False), id=id)
        self.set_reactive(Table.column, QUESTION)
        self.positions: list[int] = []
        """The positions in the file of the rows that are shown."""
        self._status: Status | None = None
        self._document: EditableRows | None = None
        self._draft: RowDraft | None = None

    def display_rows(
        self,
        document: EditableRows | None,
        positions: list[int],
        draft: RowDraft | None,
        position: int | None,
        status: Status | None = None,
    ) -> None:
        """Show rows of a file.

        Args:
            positions: of the lines to show.
            draft: the row that is being written, if any; a new one gets a row of its own, and the cursor.
            position: of the line that gets the cursor; None leaves the cursor on its row.
            status: says what became of each fact; None where nothing was taught yet.
        """
        self._status = status
        self._document, self.positions, self._draft = document, positions, draft
        self.columns = self._fitting_columns()
        cursor = new = self._new_row
        if new is None and position is not None:
            cursor = next((row for row, at in enumerate(positions) if at >= position), len(positions) - 1)
        self.show_rows(len(positions) + (new is not None), self._cells_of, cursor)

    def on_resize(self) -> None:
        super().on_resize()
        columns = self._fitting_columns()
        if columns != self.columns:  # it also comes when the screen is shown again
            self.columns = columns
            self.refresh()

    def on_mount(self) -> None:
        self.columns = self._fitting_columns()

    def _fitting_columns(self) -> tuple[Column, ...]:
        # Before it is laid out its width is that of the screen: else the first picture would have a narrow table.
        width = self.size.width or self.app.size.width
        return _columns(width, len(self._document.lines) if self._document else 0, self._status is not None)

    def redraw(self) -> None:
        """Draw the rows again, of which the one that is being written has changed."""
        self._drawn.clear()
        self.refresh()

    @property
    def _new_row(self) -> int | None:
        """The row in which a new fact is being written."""
        if self._draft is None or self._draft.line is not None:
            return None
        first = self._draft.position
        return next((row for row, at in enumerate(self.positions) if at >= first), len(self.positions))

    @property
    def painted_position(self) -> int | None:
        """Position of the row under the cursor in the version that was painted last; None where there is no row."""
        return self.position_of(self.cursor) if self.positions and self.cursor < self.count else None

    @property
    def position(self) -> int | None:
        """Position in the file of the row under the cursor; None where there is no row."""
        position, document = self.painted_position, self._document
        return position if document and position is not None and position < len(document.lines) else None

    def position_of(self, row: int) -> int:
        """Return the position in the file of a row of the table."""
        new = self._new_row
        if new is not None and row == new and self._draft:
            return self._draft.position
        return self.positions[row - (new is not None and row > new)]

    def choose_column(self, by: int) -> None:
        """Choose the cell to the left (-1) or to the right (1)."""
        self.column = max(QUESTION, min(ANSWER, (self.column or QUESTION) + by))

    @property
    def column_name(self) -> Literal["question", "answer"]:
        """The column of the chosen cell."""
        return "answer" if self.column == ANSWER else "question"

    def _cells_of(self, row: int) -> Sequence[Content]:
        new = self._new_row
        if new is not None and row == new and self._draft:
            texts = self._draft.texts
            return Content(), Content(shown_line(texts["question"])), Content(shown_line(texts["answer"])), Content()
        row -= new is not None and row > new
        if self._document is None or row >= len(self.positions):
            return ()
        position = self.positions[row]
        if position >= len(self._document.lines):
            return ()
        wide = self.size.width >= _WIDE
        cells = row_text.cells(self._document, position, written_out=wide)
        if self._status is None or len(self.columns) <= len(cells):
            return cells
        sign, word, style = self._status(self._document.lines[position])
        return *cells, Content.styled(f"{sign} {word}" if wide and sign else sign, style) if sign else Content()
