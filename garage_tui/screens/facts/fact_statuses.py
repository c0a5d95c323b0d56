"""What became of each fact of the open file, as the ledger says: read in a thread, again whenever it may differ."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from garage_tui.core.language.fold import fold
from garage_tui.screens.facts.row_text import STATUS_STYLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from garage_tui.core.facts.editable_rows import EditableRows
    from garage_tui.core.facts.line import Line
    from garage_tui.core.school.ledger import LedgerEntry, LedgerReader
    from garage_tui.screens.facts.host import FactsHost

    Found = tuple[object, Mapping[str, LedgerEntry] | None, bool]
    """The stamp of what the ledger was read of, its entries if they are other ones, and whether the table has them."""


_RUNS_SECONDS = 4.0
"""Seconds between two looks at the runs, whose report cards change what became of facts."""


class FactStatuses:
    """The statuses of the facts of the open file; none until the ledger was read for the first time.

    Args:
        changed: called when they are other ones.
    """

    def __init__(self, host: FactsHost, changed: Callable[[], None]) -> None:
        self._host, self._changed = host, changed
        self._reader: LedgerReader | None = None
        self._entries: Mapping[str, LedgerEntry] = {}
        self._read: tuple[EditableRows, int, object] | None = None
        """The document, its version, and the stamp of the rest that the ledger was read of."""
        self._busy = False
        self._followed = float("-inf")
        """When it was last looked whether the ledger may differ, as `time.monotonic` has it."""
        self.in_table = False
        """Whether the table has a column for them: before anything was taught all facts would have the same."""

    def start(self) -> None:
        """Look whether the ledger may differ, and read it if so: at once after a change of the file, else seldom."""
        store = self._host.session.store
        if store is None or self._busy or not self._host.is_in_front:
            return
        read, now = self._read, time.monotonic()
        is_changed = read is None or read[0] is not store.document or read[1] != store.document.version
        if is_changed or now - self._followed >= _RUNS_SECONDS:
            self._busy, self._followed = True, now
            self._host.run_worker(self._follow, group="ledger")

    def of(self, line: Line) -> LedgerEntry | None:
        """Return the entry of the fact that a line belongs to; None where nothing is known of it."""
        return self._entries.get(fold(line.fact.content)) if self._entries and line.fact else None

    def status(self, line: Line) -> str:
        """Return what became of a line's fact; empty where nothing is known of it."""
        entry = self.of(line)
        return entry.status if entry else ""

    def cell(self, line: Line) -> tuple[str, str, str]:
        """Return sign, word and style of the status of a line's fact; empty where nothing is known of it."""
        entry = self.of(line)
        if entry is None:
            return "", "", ""
        from garage_tui.core.school.ledger_text import SIGNS  # noqa: PLC0415 (not needed for the first paint)

        return SIGNS[entry.status], entry.status, STATUS_STYLES.get(entry.status, "$muted")

    async def _follow(self) -> None:
        try:
            store = self._host.session.store
            if store is None:
                return
            document, version, before = store.document, store.document.version, self._read
            same = before[2] if before and before[0] is document and before[1] == version else None
            found = await asyncio.to_thread(self._look_again, store.path, list(document.lines), same)
            if found is None or version != document.version or store is not self._host.session.store:
                return
            stamp, entries, in_table = found
            self._read = (document, version, stamp)
            if entries is not None:
                self._entries, self.in_table = entries, in_table
                self._changed()
        finally:
            self._busy = False

    def _look_again(self, path: Path, lines: list[Line], same: object) -> Found | None:
        """Return what the ledger says now; None where it has this stamp already."""
        from garage_tui.core.facts.file import FactsFile  # noqa: PLC0415 (not needed for the first paint)
        from garage_tui.core.school.ledger import LedgerReader  # noqa: PLC0415 (the same)

        reader = self._reader = self._reader or LedgerReader(self._host.workspace)
        stamp = reader.stamp()
        if stamp == same:
            return None
        ledger = reader.read(FactsFile(path, lines))
        entries = {fold(entry.content): entry for entry in ledger.entries if entry.lines}
        in_table = any(entry.run for entry in ledger.entries)
        is_new = (entries, in_table) != (self._entries, self.in_table)
        return stamp, entries if is_new else None, in_table
