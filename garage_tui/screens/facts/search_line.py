"""The input line of the Facts screen: only rows that contain what is typed into it are shown."""

from __future__ import annotations

from textual.widget import Widget

from garage_tui.core.facts.filter import Filter
from garage_tui.screens.facts.fact_table import FactTable
from garage_tui.screens.facts.row_filter import RowFilter


class SearchLine:
    """Opens and closes the input line, and passes its text on to the filter.

    Args:
        parent: the widget that gets the line as its child, below the table.
    """

    def __init__(self, parent: Widget, rows: RowFilter) -> None:
        self._parent, self._rows = parent, rows

    async def open(self) -> None:
        """Open the line, unless it is open; what is typed right after the key goes there."""
        from garage_tui.widgets.filter_input import FilterInput  # noqa: PLC0415 (not needed for the first paint)

        if not self._parent.query(FilterInput):
            await self._parent.mount(FilterInput(id="facts-search"), after=self._parent.query_one(FactTable))
        self._parent.screen.set_focus(self._parent.query_one(FilterInput))

    def change(self, text: str) -> None:
        """Show the rows that contain this text."""
        self._rows.change(Filter(text, self._rows.filter.only))

    def close(self) -> None:
        """Remove the line, and show the rows that it left out."""
        self._parent.query("FilterInput").remove()
        self._parent.query_one(FactTable).focus()
        self.change("")

    def show_all(self) -> None:
        """Remove the line, and show the rows of every kind."""
        if self._rows.filter:
            self._parent.query("FilterInput").remove()
            self._rows.change(Filter())
