"""Which rows of the facts file are shown: those that a filter finds, and those that were just written."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from garage_tui.core.facts.filter import ROW_KINDS, Filter, RowKind, filter_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from garage_tui.core.facts.editable_rows import EditableRows
    from garage_tui.core.facts.line import Line
    from garage_tui.screens.facts.host import FactsHost

_FEW = 5_000  # rows that are filtered faster than a thread is started


class _Painted:
    """The lines of a document at the moment it was painted, and which of them were shown."""

    def __init__(self, document: EditableRows, positions: list[int]) -> None:
        self._lines = list(document.lines)  # kept, so that no new line gets the id of an old one
        self._known = set(map(id, self._lines))
        self._shown = {id(self._lines[position]) for position in positions}

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
        """What was painted with this filter; None before that."""

    def reset(self) -> None:
        """Show all rows, without painting them."""
        self.filter, self._painted = Filter(), None

    def take_painted(self, document: EditableRows, positions: list[int]) -> None:
        """Take note of what is painted now."""
        self._painted = _Painted(document, positions) if self.filter else None

    def positions(self, position: int | None) -> list[int] | None:
        """Return the positions of the rows to show; None where they are found in a thread, and shown then.

        Args:
            position: of the row that the cursor is going to. It stays in sight whatever the filter finds, if it is in
                sight or was just written. The row behind a deleted one may be neither: then the cursor goes past it.
        """
        store = self._host.session.store
        if store is None:
            return []
        document = store.document
        if not self.filter:
            return self._filtered(document)
        painted = self._painted
        if position is not None and position < len(document.lines):
            line = document.lines[position]
            if painted is None or painted.shows(line) or not painted.knows(line):
                self._pinned.append(line)
        if len(document.lines) > _FEW:
            self._find_in_thread(document, None, position)
            # Until then a key must not act on a row that nobody sees: the positions of before may be those of others.
            return self._with_pinned(document, painted.still_shown(document)) if painted else None
        return self._with_pinned(document, self._filtered(document))

    def change(self, new: Filter) -> None:
        """Show the rows that another filter finds."""
        before, self.filter, self._painted = self.filter, new, None
        store, position = self._host.session.store, self._host.position
        if store is None:
            return
        self._pinned.clear()
        if len(store.document.lines) <= _FEW or not new:
            self._host.paint(self._filtered(store.document), position)
        else:
            among = self._host.table.positions if new.narrows(before) else None
            self._find_in_thread(store.document, among, position)

    def choose_kind(self) -> None:
        """Ask which kind of rows is shown."""
        self._host.run_worker(self._choose_kind, group="form", exclusive=True)

    async def _choose_kind(self) -> None:
        from garage_tui.widgets.confirm_and_pick import Pick  # noqa: PLC0415 (not needed for the first paint)

        kinds: list[RowKind] = list(ROW_KINDS)
        choice = await self._host.ask(Pick("Show", list(ROW_KINDS.values()), kinds.index(self.filter.only)))
        if choice is not None:
            self.change(Filter(self.filter.text, kinds[choice]))

    def _filtered(self, document: EditableRows) -> list[int]:
        return filter_rows(document, self.filter, status=self._status)

    def _with_pinned(self, document: EditableRows, found: list[int]) -> list[int]:
        pinned = [position for line in self._pinned if (position := document.find(line)) is not None]
        return sorted({*found, *pinned}) if pinned else found

    def _find_in_thread(self, document: EditableRows, among: list[int] | None, position: int | None) -> None:
        self._host.run_worker(partial(self._find, document, among, position), group="find", exclusive=True)

    async def _find(self, document: EditableRows, among: list[int] | None, position: int | None) -> None:
        used, version = self.filter, document.version
        found = await asyncio.to_thread(filter_rows, document, used, among, self._status)
        store = self._host.session.store
        if store is None or document is not store.document or used is not self.filter:
            return
        if version != document.version:
            self._host.show(position)
        else:
            self._host.paint(self._with_pinned(document, found), position)
