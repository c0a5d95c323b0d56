"""Problems that take longer to find than a key may take: near duplicates in the exam, rows that training would cut."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garage_tui.core.facts.editable_rows import EditableRows
    from garage_tui.core.training.truncated_rows import TruncatedRows
    from garage_tui.screens.facts.host import FactsHost


class BackgroundChecks:
    """Checks the open file in a thread, once after every change."""

    def __init__(self, host: FactsHost) -> None:
        self._host = host
        self._truncated_rows: TruncatedRows | None = None
        self._checked: tuple[int, int] | None = None
        """The document (its id) and its version that were checked last."""
        self._busy = False

    def start(self) -> None:
        """Check the open file if it was changed since the last check."""
        store = self._host.session.store
        if store is None or self._busy or not self._host.is_in_front:
            return
        version = (id(store.document), store.document.version)
        if version != self._checked:
            self._busy = True
            self._host.run_worker(partial(self._check, store.document, version), group="count")

    async def _check(self, document: EditableRows, version: tuple[int, int]) -> None:
        from garage_tui.core.facts.near_duplicates import near_duplicates_by_exam  # noqa: PLC0415 (not needed for the first paint)
        from garage_tui.core.training.recipe import LoraRecipe  # noqa: PLC0415 (the same)
        from garage_tui.core.training.truncated_rows import TruncatedRows  # noqa: PLC0415 (the same)

        rows = self._truncated_rows = self._truncated_rows or TruncatedRows(
            self._host.settings.base_model, LoraRecipe().max_length
        )
        lines = list(document.lines)
        try:
            found = await asyncio.to_thread(near_duplicates_by_exam, lines)
            if version[1] == document.version and found != document.near_duplicates:
                document.near_duplicates = found
                self._host.show(self._host.position)
            truncated = await asyncio.to_thread(rows.find, lines)  # seconds, where long rows are new
            if version[1] == document.version:
                self._checked = version
                if truncated != document.truncated:
                    document.truncated = truncated
                    self._host.show(self._host.position)
        finally:
            self._busy = False
