"""Passes over documents: begun, paused and resumed, each a process that outlives the app; and their removal."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import shown_line
from garage_tui.core.review.pass_record import pass_path, stop_pass
from garage_tui.core.review.remove_document import remove_document
from garage_tui.core.review.start_pass import start_proposing
from garage_tui.widgets.confirm_and_pick import Confirm
from garage_tui.widgets.path_dialog import PathDialog

if TYPE_CHECKING:
    from garage_tui.screens.documents.host import DocumentsHost


class Passes:
    """Starts and stops the processes that read documents and propose facts."""

    def __init__(self, host: DocumentsHost) -> None:
        self._host = host

    def read(self) -> None:
        """Ask for a document, and begin a pass over it."""
        self._host.run_worker(self._read(), group="ask")

    async def _read(self) -> None:
        root = self._host.workspace.root
        text = "A PDF, web page, Word file, EPUB, Markdown or text. It is read, and facts are proposed from it."
        path = await self._host.ask(PathDialog("Read a document", text, root))
        if path is not None:
            await self._start(_name(path, root))

    def propose(self, name: str) -> None:
        """Begin a pass over a document, or go on with one that was paused."""
        self._host.run_worker(self._start(name), group="pass")

    async def _start(self, name: str) -> None:
        shown = shown_line(name, 60)
        try:
            failed = await asyncio.to_thread(start_proposing, self._host.workspace, name)
        except GarageError as error:
            self._host.notice.wrong(str(error))
        else:
            if failed:
                self._host.notice.wrong(failed)
            else:
                self._host.notice.note(f"Reading {shown}; it goes on when you leave. p pauses it.")
        self._host.refresh_soon()

    def remove(self, name: str) -> None:
        """Ask whether to take a document off the list, and do it."""
        self._host.run_worker(self._remove(name), group="ask")

    async def _remove(self, name: str) -> None:
        shown = shown_line(name, 60)
        text = (
            "Its text and the facts proposed from it leave the list and the open book. The document itself and the "
            "rows that you accepted stay. Reading it again begins anew."
        )
        if not await self._host.ask(Confirm(f"Take {shown} off the list?", text, "take it off", "keep it")):
            return
        try:
            await asyncio.to_thread(remove_document, self._host.workspace, name)
        except GarageError as error:
            self._host.notice.wrong(str(error))
        else:
            self._host.notice.done(f"{shown} is off the list; o reads it again.")
        self._host.refresh_soon()

    def pause(self, name: str) -> None:
        """Stop the pass over a document; what it has proposed is kept."""
        self._host.run_worker(self._pause(name), group="pass")

    async def _pause(self, name: str) -> None:
        if await asyncio.to_thread(stop_pass, pass_path(self._host.workspace, name)):
            self._host.notice.note("Paused. What was proposed is kept; p goes on.")
        else:
            self._host.notice.note("It has ended already.")
        self._host.refresh_soon()


def _name(path: Path, root: Path) -> str:
    """Return a path as `garage read` would be given it: relative to the workspace where it is in it."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
