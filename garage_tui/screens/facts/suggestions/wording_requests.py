"""Requests of a report card: another wording of a question that went wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.facts.editable_rows import EditableRows
from garage_tui.core.language.fold import fold

if TYPE_CHECKING:
    from garage_tui.screens.facts.host import FactsHost
    from garage_tui.screens.facts.open_file import OpenFile
    from garage_tui.screens.facts.row_writer import RowWriter


class WordingRequests:
    """Opens another row for a fact, in the file that a run taught."""

    def __init__(self, host: FactsHost, files: OpenFile, rows: RowWriter) -> None:
        self._host, self._files, self._rows = host, files, rows

    async def write(self, path: Path, question: str, fact: str) -> None:
        """Put the cursor on a taught row of a fact, and open a row below it for another wording."""
        host = self._host
        if host.is_writing:
            host.notice.wrong("A row is open: finish it with Enter or Esc, then press a on the report card again")
            return
        if await asyncio.to_thread(path.is_file):
            await self._files.bring(path)
        else:
            await self._files.first_read.wait()
        store = host.session.store
        position = find_taught(store.document, question, fact) if store else None
        if position is None:
            text = f"{host.session.label()} has no taught row for “{one_line(question, 60)}” any more: a adds one"
            host.notice.wrong(plain(text))
            return
        host.show_all()
        host.show(position)
        self._rows.duplicate()


def find_taught(document: EditableRows, question: str, fact: str) -> int | None:
    """Return the position of a taught row with this question, else of the last one of this fact; None without any."""
    question, fact = fold(question), fold(fact)
    found = None
    for position, line in enumerate(document.lines):
        if line.fact and line.fact.is_taught:
            if fold(line.fact.question) == question:
                return position
            if fact in (fold(line.fact.content), fold(line.fact.answer)):
                found = position
    return found
