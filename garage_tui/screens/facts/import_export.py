"""Facts that come from somewhere else and go somewhere else: pasted, imported, exported."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.facts.file import MOST_BYTES
from garage_tui.screens.facts.row_text import many
from garage_tui.screens.facts.row_tools import FactTools

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.core.facts.store import FactsStore


class FactExchange(FactTools):
    """The actions of the facts pane that bring facts in and take them out."""

    def create(self) -> FactsStore | None:
        """Make the file, where there is none yet."""
        raise NotImplementedError

    @work(group="form", exclusive=True)
    async def paste(self, text: str) -> None:
        """Make facts of what was pasted (sentences await their questions), after a look at what they would be."""
        await self._take_over(text.replace("\r\n", "\n").replace("\r", "\n").encode(errors="replace"), None)

    async def _take_over(self, data: bytes, source: Path | None) -> None:
        """Add the facts in `data` below the chosen row, after a look at what they would be."""
        from garage_tui.core.facts import convert  # noqa: PLC0415 (not needed for the first paint)
        from garage_tui.widgets.prompts import Confirm  # noqa: PLC0415

        where = source.name if source else "what was pasted"
        try:
            found = await asyncio.to_thread(lambda: convert.read(data, convert.guess(source, data)))
        except GarageError as error:
            self.notice.wrong(plain(f"{where}: {error}" if source else str(error)))
            return
        new = convert.not_there(found.facts, self.store.document.lines if self.store else [])
        if not new:
            bad = f" ({plain(found.problems[0])})" if found.problems else ""
            self.notice.wrong(plain(f"nothing in {where} is new{bad}"))
            return
        count = many(len(new), "row")
        words = [f"· {one_line(fact.question or fact.answer, 60)}" for fact in new[:10]]
        words += [f"… and {len(new) - 10} more"] if len(new) > 10 else []
        words += ["", f"Not taken over: {one_line(found.problems[0])}"] if found.problems else []
        words += [f"… and {len(found.problems) - 1} more"] if len(found.problems) > 1 else []
        if any(fact.statement for fact in new):
            words += ["", "A fact without a question is not taught: Enter writes one, s suggests some."]
        question = Confirm(f"Add {count} below the chosen one?", "\n".join(words), "Add them", "Leave them")
        if not await self.app.push_screen_wait(question):
            return
        store = self.store or self.create()
        if store is None:
            return
        place = min(len(store.document.lines), (-1 if self.place is None else self.place) + 1)
        store.insert(place, new, f"adding {count}")
        self._changed(place, f"Added {count}")

    @work(group="form", exclusive=True)
    async def action_bring(self) -> None:
        """Add the facts of a file in another format."""
        from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415 (not needed for the first paint)

        words = "CSV, messages, Alpaca, ShareGPT, facts, or a text of plain sentences: the format is seen by itself."
        path = await self.app.push_screen_wait(PathDialog("Add the facts of which file?", words, self.workspace.root))
        if path is None:
            return
        try:
            data = await asyncio.to_thread(read_regular, path, MOST_BYTES)
        except OSError as error:
            self.notice.wrong(plain(f"{path}: {error.strerror}"))
            return
        await self._take_over(data, path)

    @work(group="form", exclusive=True)
    async def action_export(self) -> None:
        """Write the file's facts in another format."""
        from garage_tui.core.facts import convert  # noqa: PLC0415 (not needed for the first paint)
        from garage_tui.core.facts import file as facts  # noqa: PLC0415
        from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415
        from garage_tui.widgets.prompts import Confirm, Pick  # noqa: PLC0415

        store = self.store
        rows = [line.fact for line in store.document.lines if line.fact] if store else []
        if store is None or not rows:
            self.notice.wrong("there are no facts to export")
            return
        choice = await self.app.push_screen_wait(Pick("Export as", list(convert.NAMES.values())))
        if choice is None:
            return
        form = list(convert.NAMES)[choice]
        ending = {"csv": ".csv", "text": ".txt"}.get(form, f".{form}.jsonl")
        title, words = "Write which file?", "Exam questions go with it, marked as such where the format can say so."
        # Not in datasets/, where it would be taken for a facts file and all of its lines for broken ones.
        start = self.workspace.root / store.path.with_suffix(ending).name
        ask = PathDialog(title, words, self.workspace.root, start, new=True)
        path = await self.app.push_screen_wait(ask)
        if path is None:
            return
        there = Confirm("Replace it?", plain(f"{path} is there already."), "Replace it", "Leave it")
        if path.exists() and not await self.app.push_screen_wait(there):
            return
        try:
            await asyncio.to_thread(lambda: facts.write(path, convert.write(rows, form), keep=False))
        except OSError as error:
            self.notice.wrong(plain(f"{path} cannot be written: {error.strerror}"))
            return
        left = sum(row.statement for row in rows) if form not in ("facts", "text") else 0
        more = f" · {many(left, 'fact')} without a question left out" if left else ""
        self.notice.done(plain(f"Wrote {many(len(rows) - left, 'row')} to {path}{more}"))
