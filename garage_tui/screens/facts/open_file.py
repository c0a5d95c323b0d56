"""Which facts file is open: opening it, taking up what was left behind of it, following what others do to it."""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import plain
from garage_tui.core.base.settings import Settings, Workspace, journals_folder
from garage_tui.core.facts.document import Document
from garage_tui.core.facts.file import Fact, find_files
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.core.training.token_lengths import TokenLengths
from garage_tui.screens.facts import row_text as fact_words
from garage_tui.screens.facts.cell_editing import OTHER, Writing
from garage_tui.screens.facts.import_export import FactExchange

if TYPE_CHECKING:
    from garage_tui.core.facts.journal import UnsavedText
    from garage_tui.core.facts.store import FactsStore


class FactFiles(FactExchange):
    """The open facts file and those that were open before it.

    Args:
        path: the file to open; by default `datasets/garage.jsonl`, else the first there is.
    """

    def __init__(self, workspace: Workspace, settings: Settings, path: Path | None = None) -> None:
        super().__init__(id="facts")
        self.workspace, self.settings = workspace, settings
        self.store: FactsStore | None = None
        self._path = path
        self._stores: dict[Path, FactsStore] = {}
        self._saving = asyncio.Lock()
        self._complaint = ""  # what is wrong with the file that was read last
        self._lengths = TokenLengths(settings.base_model, LoraRecipe().max_length)
        self._counted: tuple[int, int] | None = None  # the document, and its version, that was looked through
        self._counting = False
        self._first_read = asyncio.Event()

    def on_unmount(self) -> None:
        for store in self._stores.values():
            store.close(keep_draft=store is self.store and self.writing is not None)

    @property
    def path(self) -> Path | None:
        """The open file; None where there is none yet."""
        return self.store.path if self.store and self.store.path.exists() else None

    def label(self) -> str:
        return self._label(self.store.path) if self.store else ""

    def _label(self, path: Path) -> str:
        inside = path.is_relative_to(self.workspace.root)
        return plain(str(path.relative_to(self.workspace.root) if inside else path))

    @work(exclusive=True, group="facts")
    async def _open(self, path: Path | None) -> None:
        await asyncio.to_thread(self._read, path)
        gc.freeze()  # looking through 100,000 rows for garbage would stop everything for a tenth of a second
        self._opened()

    def _read(self, path: Path | None) -> None:
        from garage_tui.core.facts.store import FactsStore  # noqa: PLC0415 (not needed for the first paint)

        self._complaint = ""
        # Of a file that is not there yet, too, somebody may have left a half-written fact behind.
        chosen = path or next(iter(find_files(self.workspace.datasets)), self.workspace.datasets / "garage.jsonl")
        try:
            store = self._stores.get(chosen) or FactsStore(chosen, journals_folder())
        except GarageError as error:
            self._complaint = plain(str(error))
            return
        self._complaint = fact_words.first_problem(store.document)
        self._stores[chosen] = self.store = store  # kept, so that undo reaches back after another file was open

    def _opened(self) -> None:
        self._first_read.set()
        self.show_opened()
        if self.store and self.store.leftovers:
            self._offer(self.store)
        elif self._complaint:
            self.notice.wrong(self._complaint)

    def show_opened(self) -> None:
        """Show the file that was opened, all of its rows."""
        raise NotImplementedError

    @work(group="form", exclusive=True)
    async def _offer(self, store: FactsStore) -> None:
        """Offer what a killed app left behind; where nothing is chosen, it is offered at the next start."""
        from garage_tui.widgets.prompts import Pick  # noqa: PLC0415 (not needed for the first paint)

        for leftover in list(store.leftovers):
            draft = leftover.draft
            words = [fact_words.many(len(leftover.changes), "change")] if leftover.changes else []
            words += [f"a half-written {draft.column}: “{draft.text[:200]}”"] if draft else []
            ago = duration(time.time() - leftover.written)
            text = f"The app ended suddenly {ago} ago. Not in {self._label(store.path)} yet: {' and '.join(words)}."
            choice = await self.app.push_screen_wait(
                Pick("Unsaved work", ["Take it up", "Throw it away"], words=plain(text))
            )
            if choice is None:
                self.notice.note("What was left behind is kept, and offered again at the next start")
                continue
            if choice:
                store.forget(leftover)
                continue
            store.take_up(leftover)
            self.show()
            await self._save("Taken up what was left behind").wait()
            if not store.unsaved:
                store.forget(leftover)
            if draft:
                self._write_on(store, draft)

    def _write_on(self, store: FactsStore, draft: UnsavedText) -> None:
        """Open the cell again in which somebody was writing when the app went."""
        lines = store.document.lines
        place = next((n for n, line in enumerate(lines) if draft.raw and line.raw == draft.raw), None)
        texts = {"question": "", "answer": "", OTHER[draft.column]: draft.other}
        if place is None:
            writing = Writing(None, min(draft.place, len(lines)), texts)
        else:
            fact = lines[place].fact
            was = {"question": fact.question, "answer": fact.answer} if fact else {}
            writing = Writing(lines[place], place, {**was, OTHER[draft.column]: draft.other})
        self._write(writing, draft.column, draft.text)

    def create(self) -> FactsStore | None:
        from garage_tui.core.facts.store import FactsStore  # noqa: PLC0415

        path = self._path or self.workspace.datasets / "garage.jsonl"
        try:
            self.store = self._stores[path] = FactsStore(path, journals_folder())
        except GarageError as error:
            self.notice.wrong(plain(str(error)))
        return self.store

    async def add_fact(self, fact: Fact) -> str:
        """Put a fact that was written on another screen below the others and save it; return where it is, in words.

        Raises:
            GarageError: it is not in the file.
        """
        await self._first_read.wait()
        store = self.store or self.create()
        if store is None:
            raise GarageError(self._complaint or "the facts file cannot be read; F2 says why")
        [line] = store.insert(len(store.document.lines), [fact], "a fact from the chat")
        # A cell that is being written in stays where it is.
        self.show(len(store.document.lines) - 1 if self.writing is None else None)
        await self._save("A fact came from the chat").wait()
        label = self._label(store.path)
        if store.unsaved:
            raise GarageError(f"{label} could not be saved; the fact waits there: F2 says why, ^s tries again")
        place = store.document.find(line)
        where = label if place is None else f"{label}, line {place + 1}"
        return f"{where}, marked ! (F2 says why)" if store.document.doubtful(line) else where

    async def _look(self) -> None:
        """Follow what an editor or another app does to the file, and find what takes longer to find."""
        store = self.store
        if store is None or self.app.screen is not self.screen:
            return
        version = (id(store.document), store.document.version)
        if not self._counting and version != self._counted:
            self._counting = True
            self._count(store.document, version)
        if store.unsaved:
            return
        if not await asyncio.to_thread(store.changed):
            return
        line = self._line
        try:
            theirs = await asyncio.to_thread(store.read)
        except GarageError as error:
            self.notice.wrong(plain(str(error)))
            return
        if store is self.store and store.take(theirs):
            place = store.document.find(line, self.place or 0) if line else None
            self.show(place)
            if self.writing is None:
                self.notice.done(f"{self.label()} was changed on disk; it was read again")

    @work(group="count")
    async def _count(self, document: Document, version: tuple[int, int]) -> None:
        """Find exam questions that are nearly taught, and rows that training would cut, once after every change."""
        from garage_tui.core.facts.near_duplicates import given_away  # noqa: PLC0415 (not needed for the first paint)

        lines = list(document.lines)
        try:
            leaks = await asyncio.to_thread(given_away, lines)
            if version[1] == document.version and leaks != document.leaks:
                document.leaks = leaks
                self.show(self.place)
            cut = await asyncio.to_thread(self._lengths.measure, lines)  # seconds, where long rows are new
            if version[1] == document.version:
                self._counted = version
                if cut != document.cut:
                    document.cut = cut
                    self.show(self.place)
        finally:
            self._counting = False

    @work(group="form", exclusive=True)
    async def action_open(self) -> None:
        """Choose another facts file."""
        files = await asyncio.to_thread(find_files, self.workspace.datasets)
        if not files:
            self.notice.wrong(f"no .jsonl file in {self._label(self.workspace.datasets)}: press a to write one")
            return
        from garage_tui.widgets.prompts import Pick  # noqa: PLC0415 (not needed for the first paint)

        current = files.index(self.path) if self.path in files else 0
        choice = await self.app.push_screen_wait(Pick("Open a facts file", [plain(f.name) for f in files], current))
        if choice is not None:
            self.notice.clear()
            self._open(files[choice])
