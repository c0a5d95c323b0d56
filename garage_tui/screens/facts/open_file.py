"""The dialogs around the open file: opening one, what a killed app left of it, and what others do to it."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import duration, plural
from garage_tui.core.base.sanitize import plain

if TYPE_CHECKING:
    from garage_tui.core.facts.journal import Leftover, UnsavedText
    from garage_tui.core.facts.store import FactsStore
    from garage_tui.screens.facts.host import FactsHost
    from garage_tui.screens.facts.row_edits import RowEdits

_SMALL = 64 * 1024  # bytes: a file that is read in less than a millisecond or two


class OpenFile:
    """Brings files to the front, and follows what happens to the one that is there.

    Args:
        restore_text: opens the row again that somebody was writing when the app ended.
    """

    def __init__(self, host: FactsHost, edits: RowEdits, restore_text: Callable[[UnsavedText], object]) -> None:
        self._host, self._edits, self._restore_text = host, edits, restore_text
        self.first_read = asyncio.Event()
        """Set once the first file was read, or could not be."""
        self._edited = ""
        """Names what the owner's editor did, for undo, until the file was read again."""
        self._problem = ""
        """What went wrong with the owner's editor, until the file was read again."""

    def open_if_small(self) -> bool:
        """Open the first file at once, so that the first paint shows it; False if it is too long for that."""
        try:
            small = self._host.session.intended_path.stat().st_size < _SMALL
        except OSError:
            small = False
        if small:
            self._host.session.open()
            self._opened()
        return small

    def open(self, path: Path | None = None) -> None:
        """Open a file in a thread; by default the first one."""
        self._host.run_worker(partial(self._open, path), group="facts", exclusive=True)

    async def _open(self, path: Path | None) -> None:
        await asyncio.to_thread(self._host.session.open, path)
        gc.freeze()  # looking through 100,000 rows for garbage would stop everything for a tenth of a second
        self._opened()

    def _opened(self) -> None:
        session = self._host.session
        self.first_read.set()
        self._host.show_all()
        if session.store and session.store.leftovers:
            self._host.run_worker(partial(self._offer, session.store), group="form", exclusive=True)
        elif session.problem:
            self._host.notice.wrong(session.problem)

    async def bring(self, path: Path) -> None:
        """Open a file once the first one was read, unless it is open already."""
        await self.first_read.wait()
        if self._host.session.path != path:
            await self._open(path)

    def choose(self) -> None:
        """Ask for another facts file."""
        self._host.run_worker(self._choose, group="form", exclusive=True)

    async def _choose(self) -> None:
        session, notice = self._host.session, self._host.notice
        files = await asyncio.to_thread(session.files)
        from garage_tui.widgets.confirm_and_pick import Pick  # noqa: PLC0415 (not needed for the first paint)

        current = files.index(session.path) if session.path in files else 0
        names = [*(plain(file.name) for file in files), "A new file …"]
        choice = await self._host.ask(Pick("Open a facts file", names, current)) if files else 0
        path = files[choice] if choice is not None and choice < len(files) else None
        if choice == len(files):
            path = await self._name_new()
        if path is not None:
            notice.clear()
            self.open(path)

    async def _name_new(self) -> Path | None:
        """Ask for the name of a new facts file; it is written with its first row."""
        from garage_tui.screens.facts.new_file_dialog import NewFileDialog  # noqa: PLC0415 (not needed for the first paint)

        return await self._host.ask(NewFileDialog(self._host.workspace.datasets))

    # Unsaved work of an earlier session

    async def _offer(self, store: FactsStore) -> None:
        """Offer what an app could not save before it ended; where nothing is chosen, the next start offers it."""
        from garage_tui.widgets.confirm_and_pick import Pick  # noqa: PLC0415 (not needed for the first paint)

        for leftover in list(store.leftovers):
            text = self._described(store, leftover)
            ago = duration(time.time() - leftover.written)
            dialog = Pick(f"Unsaved work from {ago} ago", ["Restore", "Discard"], text=plain(text))
            choice = await self._host.ask(dialog)
            if choice is None:
                self._host.notice.note("Unsaved work is kept, and offered again at the next start")
            elif choice:
                store.discard(leftover)
            else:
                await self._restore(store, leftover)

    def _described(self, store: FactsStore, leftover: Leftover) -> str:
        draft = leftover.draft
        parts = [plural(len(leftover.changes), "change")] if leftover.changes else []
        if draft:
            written = draft.text or next(filter(None, draft.fields.values()), "")
            parts.append(f"a half-written {draft.column if draft.text else 'row'}: “{written[:200]}”")
        return f"Not yet in {self._host.session.label(store.path)}:\n{' and '.join(parts)}"

    async def _restore(self, store: FactsStore, leftover: Leftover) -> None:
        store.restore(leftover)
        self._host.show(self._host.position)
        await self._edits.save("Restored unsaved work").wait()
        if leftover.draft:
            await asyncio.to_thread(store.keep_draft, leftover.draft)  # before its old journal goes
            self._restore_text(leftover.draft)
        if not store.unsaved:
            store.discard(leftover)

    # What others write

    def follow(self) -> None:
        """Read the file again if an editor or another app has changed it."""
        self._host.run_worker(self.reload_changed, group="look", exclusive=True)

    def take_edited(self, problem: str) -> None:
        """Read the file again after the owner's editor, in such a way that undo takes the edit back.

        Args:
            problem: what went wrong with the editor; empty where nothing did.
        """
        self._edited = "editing the file"  # at once: the check that comes every few seconds may be the first to read it
        self._problem = problem
        self._host.run_worker(self._take_edited, group="edited")

    async def _take_edited(self) -> None:
        host, session = self._host, self._host.session
        store = session.store
        try:
            if store is not None and await asyncio.to_thread(store.gone):
                host.notice.wrong(f"{session.label()} is gone: its rows are still here, and ^s writes them again")
                return
            await self.reload_changed()
        finally:
            self._edited = self._problem = ""

    async def reload_changed(self) -> None:
        """Read the file again if an editor or another app has changed it."""
        host, session = self._host, self._host.session
        if not host.is_in_front or not await session.changed_on_disk():
            return
        lines = session.store.document.lines if session.store else []
        try:
            edited = self._edited
            reloaded = await session.reload(edited)
        except GarageError as error:
            host.notice.wrong(plain(str(error)))
            return
        if reloaded and session.store:
            host.show_successor(lines)
            if not host.is_writing:
                undo = " · u takes that back" if edited else ""
                if self._problem:
                    host.notice.wrong(f"{self._problem}{undo}")
                else:
                    host.notice.done(f"{session.label()} changed on disk; reloaded{undo}")
