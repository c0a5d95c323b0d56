"""How the open file is shown: its rows in the table, the chosen one in full below it, and what there is in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from garage_tui.screens.facts import row_text
from garage_tui.screens.facts.fact_details import FactDetails

if TYPE_CHECKING:
    from garage_tui.core.facts.line import Line
    from garage_tui.screens.facts.fact_statuses import FactStatuses
    from garage_tui.screens.facts.host import FactsHost
    from garage_tui.screens.facts.row_filter import RowFilter
    from garage_tui.screens.facts.row_writer import RowWriter

_EMPTY = (
    "No facts yet.\n\nPress a to write the first one: a question, and the answer that the model should give.\n"
    "Or paste sentences here, or press I to import a CSV, chat or text file.\n\n"
    "Facts are saved in {path}, one JSON object per line. Once there are some, press t to teach them to a model."
)


class RowView:
    """Shows the file as it is in memory.

    Args:
        parent: the widget that holds the table, the details, and a text in their place where there are no rows.
        writer: has the row that is being written, which the table shows too.
        statuses: say what became of each fact.
    """

    def __init__(
        self, host: FactsHost, parent: Widget, rows: RowFilter, writer: RowWriter, statuses: FactStatuses
    ) -> None:
        self._host, self._parent, self._filter, self._writer, self._statuses = host, parent, rows, writer, statuses

    def show_all(self) -> None:
        """Show all rows, from the first."""
        self._filter.reset()
        self.show(0)

    def show(self, position: int | None = None) -> None:
        """Show the rows that the filter finds, with the cursor on a line of the file."""
        self.paint(self._filter.positions(position), position)

    def show_successor(self, earlier: list[Line]) -> None:
        """Show a version that somebody else has written, too, with the cursor on the row where it was before.

        Args:
            earlier: the lines of the version that is shown now.
        """
        store, position = self._host.session.store, self._host.table.painted_position
        if store and position is not None:
            self._writer.follow(store.document, earlier)
            position = store.document.nearest(earlier, position)
        self.show(position)

    def paint(self, positions: list[int], position: int | None) -> None:
        """Show these lines of the file, with the cursor on one of them."""
        session, table, parent = self._host.session, self._host.table, self._parent
        document, label = session.store.document if session.store else None, session.label()
        if document:
            document.chosen = self._chosen
            self._filter.take_painted(document, positions)
        status = self._statuses.cell if self._statuses.in_table else None
        table.display_rows(document, positions, self._writer.draft, position, status)
        empty = not table.count and not self._filter.filter
        parent.set_class(empty, "-empty")
        if empty:
            text = Content(_EMPTY.format(path=label))
            for shown in parent.query("#facts-empty").results(Static):
                shown.update(text)  # another file may be open now
            if not parent.query("#facts-empty"):
                parent.mount(Static(text, id="facts-empty", classes="empty"), after=0)
        table.border_title = Content(label)
        self.show_counts()
        parent.refresh_bindings()

    def _chosen(self) -> Line | None:
        """Return the line that the cursor is on, or came from to write a new row."""
        store, draft, position = self._host.session.store, self._writer.draft, self._host.position
        if draft is not None and draft.line is None:
            position = draft.position - 1
        lines = store.document.lines if store else []
        return lines[position] if position is not None and 0 <= position < len(lines) else None

    def show_counts(self) -> None:
        """Show how many rows there are and are shown, and whether the file is saved."""
        store, table, text = self._host.session.store, self._host.table, ""
        if store:
            text = row_text.counts(store.document, len(table.positions), self._filter.filter, store.unsaved)
        table.border_subtitle = Content(text)

    def show_statuses(self) -> None:
        """Show what became of each fact, which has changed."""
        self.show(self._host.position)
        if not self._host.is_writing:
            self.show_details()

    def show_details(self) -> None:
        """Show the chosen row in full."""
        store, position, title, text = self._host.session.store, self._host.position, "Fact", Content()
        if position is not None and store is not None:
            title = f"Line {position + 1}"
            line = store.document.lines[position]
            text = row_text.details(store.document, line, self._statuses.of(line))
        elif self._filter.filter:
            text = Content.styled("No row matches. Esc shows all rows again.", "$muted")
        self._parent.query_one(FactDetails).display_text(title, text)
