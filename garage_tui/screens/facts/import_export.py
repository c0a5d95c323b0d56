"""Pasting, importing and exporting facts."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import plain
from garage_tui.core.facts.file import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.screens.facts.host import FactsHost
    from garage_tui.screens.facts.row_edits import RowEdits


class ImportExport:
    """Brings facts into the open file and takes them out of it, each after a preview or a question."""

    def __init__(self, host: FactsHost, edits: RowEdits) -> None:
        self._host, self._edits = host, edits

    def paste(self, text: str) -> None:
        """Make facts of pasted text, after a preview; sentences become facts without a question."""
        self._host.run_worker(partial(self._paste, text), group="form", exclusive=True)

    async def _paste(self, text: str) -> None:
        await self._add(text.replace("\r\n", "\n").replace("\r", "\n").encode(errors="replace"), None)

    async def _add(self, data: bytes, source: Path | None) -> None:
        """Add the facts in `data` below the chosen row, after a preview."""
        from garage_tui.screens.facts.import_dialog import ImportDialog  # noqa: PLC0415 (not needed for the first paint)

        store = self._host.session.store
        lines = list(store.document.lines) if store else []
        new = await self._host.ask(ImportDialog(data, source.name if source else "", lines))
        if not new:
            return
        store = self._edits.created()
        if store is None:
            return
        count = plural(len(new), "row")
        position = min(len(store.document.lines), (-1 if self._host.position is None else self._host.position) + 1)
        store.insert(position, new, f"adding {count}")
        self._edits.changed(position, f"Added {count}")

    def import_file(self) -> None:
        """Add the facts of a file in another format."""
        self._host.run_worker(self._import_file, group="form", exclusive=True)

    async def _import_file(self) -> None:
        from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415 (not needed for the first paint)

        explanation = (
            "CSV, JSON of any kind, chats, Parquet or plain sentences; the format is detected. Paths that do not begin "
            "with / are relative to the workspace."
        )
        path = await self._host.ask(PathDialog("Import facts from which file?", explanation, self._host.workspace.root))
        if path is None:
            return
        try:
            data = await asyncio.to_thread(read_regular, path, MAX_BYTES)
        except OSError as error:
            self._host.notice.wrong(plain(f"{path}: {error.strerror}"))
            return
        await self._add(data, path)

    def export_file(self) -> None:
        """Write the file's facts in another format."""
        self._host.run_worker(self._export_file, group="form", exclusive=True)

    async def _export_file(self) -> None:
        from garage_tui.core.facts import exporting  # noqa: PLC0415 (not needed for the first paint)
        from garage_tui.screens.common.output_path import ask_output, write_output  # noqa: PLC0415
        from garage_tui.widgets.confirm_and_pick import Pick  # noqa: PLC0415
        from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415

        store = self._host.session.store
        rows = [line.fact for line in store.document.lines if line.fact] if store else []
        if store is None or not rows:
            self._host.notice.wrong("There are no facts to export")
            return
        choice = await self._host.ask(Pick("Export as", list(exporting.FORMAT_LABELS.values())))
        if choice is None:
            return
        form = list(exporting.FORMAT_LABELS)[choice]
        ending = {"csv": ".csv", "text": ".txt"}.get(form, f".{form}.jsonl")
        title, explanation = (
            "Export to which file?",
            "Exam questions are included, and marked where the format allows it. Paths that do not begin with / are "
            "relative to the workspace.",
        )
        # Not in datasets/, where it would be taken for a facts file and all of its lines for broken ones.
        start = self._host.workspace.root / store.path.with_suffix(ending).name
        dialog = PathDialog(title, explanation, self._host.workspace.root, start, new=True)
        try:
            output = await ask_output(self._host.ask, dialog)
            if output is None:
                return
            await write_output(output, await asyncio.to_thread(exporting.write, rows, form))
        except GarageError as error:
            self._host.notice.wrong(plain(str(error)))
            return
        path = output.path
        left = sum(row.is_statement for row in rows) if form not in ("facts", "text") else 0
        more = f" · {plural(left, 'row')} without a question skipped" if left else ""
        self._host.notice.done(plain(f"Exported {plural(len(rows) - left, 'row')} to {path}{more}"))
