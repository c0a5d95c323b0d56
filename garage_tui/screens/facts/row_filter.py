"""Which rows of the facts file are shown: those that a filter finds, and those that were just written."""

from __future__ import annotations

import asyncio
from functools import cached_property, partial
from typing import TYPE_CHECKING

from garage_tui.core.facts.filter import ROW_KINDS, Filter, RowKind, filter_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from garage_tui.core.facts.editable_rows import EditableRows
    from garage_tui.core.facts.line import Line
    from garage_tui.screens.facts.host import FactsHost

_FEW = 5_000  # rows that are filtered faster than a thread is started


class _Painted:
    """The lines of a document at the moment it was painted, and which of them were shown.

    Args:
        row_filter: the filter of which they are all rows; None where those were still searched for.
    """

    def __init__(self, document: EditableRows, positions: list[int], row_filter: Filter | None) -> None:
        self._lines = list(document.lines)  # kept, so that no new line gets the id of an old one
        self._positions, self.filter = positions, row_filter

    @cached_property
    def _known(self) -> set[int]:
        return set(map(id, self._lines))

    @cached_property
    def _shown(self) -> set[int]:
        return {id(self._lines[position]) for position in self._positions}

    def knows(self, line: Line) -> bool:
        """Return whether the line was in the document."""
        return id(line) in self._known

    def shows(self, line: Line) -> bool:
        """Return whether the line was shown."""
        return id(line) in self._shown

    def still_shown(self, document: EditableRows) -> list[int]:
        """Return where the lines that were shown are now."""
        return [position for position, line in enumerate(document.lines) if id(line) in self._shown]


class RowFilter:
    """The filter of the Facts screen.

    Args:
        status: returns what became of a line's fact, as the ledger says it; empty where that is not known.
    """

    def __init__(self, host: FactsHost, status: Callable[[Line], str]) -> None:
        self._host, self._status = host, status
        self.filter = Filter()
        self._pinned: list[Line] = []
        self._painted: _Painted | None = None
        """What was painted last; None before the first paint of a file."""
        self._complete: Filter | None = None
        """The filter of which all rows are in the table; None while some of them may still be searched for."""

    def reset(self) -> None:
        """Show all rows, without painting them."""
        self.filter, self._painted, self._complete = Filter(), None, None

    def take_painted(self, document: EditableRows, positions: list[int]) -> None:
        """Take note of what is painted now."""
        # While rows are searched for, those of the filter before are painted, which must not stay for that.
        self._painted = _Painted(document, positions, self._complete)

    def positions(self, position: int | None) -> list[int]:
        """Return the positions of the rows to show; of many, those that are shown now, until a thread has found all.

        Args:
            position: of the row that the cursor is going to. It stays in sight whatever the filter finds, if it is in
                sight or was just written. The row behind a deleted one may be neither: then the cursor goes past it.
        """
        store = self._host.session.store
        if store is None:
            return []
        document = store.document
        if not self.filter:
            return self._all_found(document)
        painted = self._painted
        if position is not None and position < len(document.lines):
            line = document.lines[position]
            in_sight = painted is not None and painted.filter is self.filter and painted.shows(line)
            if in_sight or painted is None or not painted.knows(line):
                self._pinned.append(line)
        if len(document.lines) <= _FEW:
            return self._with_pinned(document, self._all_found(document))
        self._complete = None
        self._find_in_thread(document, None)
        # Until then a key must not act on a row that nobody sees: the positions of before may be those of others.
        return self._with_pinned(document, painted.still_shown(document) if painted else [])

    def change(self, new: Filter) -> None:
        """Show the rows that another filter finds."""
        self.filter = new
        store, position = self._host.session.store, self._host.position
        if store is None:
            return
        self._pinned.clear()
        if len(store.document.lines) <= _FEW or not new:
            self._host.paint(self._all_found(store.document), position)
        else:
            complete = self._complete
            among = self._host.table.positions if complete is not None and new.narrows(complete) else None
            self._find_in_thread(store.document, among)

    def choose_kind(self) -> None:
        """Ask which kind of rows is shown."""
        self._host.run_worker(self._choose_kind, group="form", exclusive=True)

    async def _choose_kind(self) -> None:
        from garage_tui.widgets.confirm_and_pick import Pick  # noqa: PLC0415 (not needed for the first paint)

        kinds: list[RowKind] = list(ROW_KINDS)
        choice = await self._host.ask(Pick("Show", list(ROW_KINDS.values()), kinds.index(self.filter.only)))
        if choice is not None:
            self.change(Filter(self.filter.text, kinds[choice]))

    def _all_found(self, document: EditableRows) -> list[int]:
        self._complete = self.filter
        return filter_rows(document, self.filter, status=self._status)

    def _with_pinned(self, document: EditableRows, found: list[int]) -> list[int]:
        pinned = [position for line in self._pinned if (position := document.find(line)) is not None]
        return sorted({*found, *pinned}) if pinned else found

    def _find_in_thread(self, document: EditableRows, among: list[int] | None) -> None:
        self._host.run_worker(partial(self._find, document, among), group="find", exclusive=True)

    async def _find(self, document: EditableRows, among: list[int] | None) -> None:
        used, version = self.filter, document.version
        found = await asyncio.to_thread(filter_rows, document, used, among, self._status)
        store = self._host.session.store
        if store is None or document is not store.document or used is not self.filter:
            return
        if version != document.version:
            self._host.show()
        else:
            self._complete = used
            # The cursor may have gone on meanwhile.
            self._host.paint(self._with_pinned(document, found), self._host.position)
