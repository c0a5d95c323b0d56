"""Navigation between screens: to the chat of a run, its report card, its contact sheets; a fact into its file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.facts.file import find_files
from garage_tui.screens.common import messages

if TYPE_CHECKING:
    from textual.message import Message

    from garage_tui.app.host import AppHost
    from garage_tui.core.facts.line import Fact


class Navigation:
    """The navigation of the app: it handles the screens' requests for other screens (`screens/common/messages.py`)."""

    def __init__(self, app: AppHost) -> None:
        self._app = app

    @property
    def _checkpoints(self) -> Path:
        return self._app.workspace.checkpoints

    def facts_file(self) -> Path:
        """Return the facts file that is open, or that would be opened."""
        pane = self._app.facts_pane
        if pane and pane.store:
            return pane.store.path
        datasets = self._app.workspace.datasets
        return self._app.chosen_facts or next(iter(find_files(datasets)), datasets / "garage.jsonl")

    async def answer(self, request: Message) -> None:
        """Do what a screen asks of another one, or of the app."""
        match request:
            case messages.ChatRequested():
                await self.open_chat(request.run_id)
            case messages.GalleryRequested():
                await self.open_gallery(request.run_id)
            case messages.ReportRequested():
                self.open_report(request.run_id)
            case messages.DiffusionReportRequested():
                self.open_diffusion_report(request.run_id)
            case messages.ComparisonRequested():
                self.open_comparison(request.first, request.second)
            case messages.WordingRequested():
                self.write_wording(request.run_id, request.question, request.fact)
            case messages.FactWritten():
                self.add_fact(request.fact)
            case messages.PageRequested():
                await self.open_page(request.document, request.start, request.quote)

    async def open_chat(self, run_id: str) -> None:
        """Show the chat, with the model of this run as the tuned one."""
        from garage_tui.screens.chat.pane import ChatPane

        await self._app.action_show("chat")
        if isinstance(pane := self._app.pane, ChatPane):
            pane.choose_run(run_id)

    async def open_gallery(self, run_id: str) -> None:
        """Show the contact sheets of this run."""
        from garage_tui.screens.gallery.pane import GalleryPane

        await self._app.action_show("gallery")
        if isinstance(pane := self._app.pane, GalleryPane):
            pane.choose(self._checkpoints / run_id)

    async def open_page(self, document: str, start: int, quote: str) -> None:
        """Show a document with the cursor on a sentence of it."""
        from garage_tui.screens.documents.pane import DocumentsPane

        await self._app.action_show("documents")
        if isinstance(pane := self._app.pane, DocumentsPane):
            pane.open_at(document, start, quote)

    def open_report(self, run_id: str) -> None:
        """Open the report card of a LoRA run."""
        from garage_tui.screens.report.report_card_dialog import ReportCardDialog

        self._app.push_screen(ReportCardDialog(self._checkpoints / run_id))

    def open_diffusion_report(self, run_id: str) -> None:
        """Open the report card of a diffusion run, which may lead on to its contact sheets."""
        self._app.run_worker(self._diffusion_report(run_id), group="card")

    async def _diffusion_report(self, run_id: str) -> None:
        from garage_tui.screens.report.diffusion_card_dialog import DiffusionCardDialog

        if chosen := await self._app.ask(DiffusionCardDialog(self._checkpoints / run_id)):
            await self.open_gallery(chosen)

    def open_comparison(self, first: str, second: str) -> None:
        """Show two runs side by side."""
        from garage_tui.screens.report.compare_dialog import CompareDialog

        self._app.push_screen(CompareDialog(self._checkpoints / first, self._checkpoints / second))

    def write_wording(self, run_id: str, question: str, fact: str) -> None:
        """Show the facts file of a run, and open another row for a question's fact."""
        self._app.run_worker(self._write_wording(run_id, question, fact), group="fact")

    async def _write_wording(self, run_id: str, question: str, fact: str) -> None:
        from garage_tui.core.runs.record import read_run

        run = await asyncio.to_thread(read_run, self._checkpoints / run_id)
        path = self._app.workspace.root / str(run.manifest.dataset.get("path", "") if run.manifest else "")
        await self._app.action_show("facts")
        if facts := self._app.facts_pane:
            await facts.write_wording(path, question, fact)

    def add_fact(self, fact: Fact) -> None:
        """Add a fact that was written in the chat to the facts file, and report the result to the chat."""
        self._app.run_worker(self._add_fact(fact), group="fact")

    async def _add_fact(self, fact: Fact) -> None:
        from garage_tui.core.base.errors import GarageError
        from garage_tui.screens.chat.pane import ChatPane

        chat = self._app.pane
        if self._app.facts_pane is None:  # one store writes the file, so that no edit overwrites another
            await self._app.add_pane("facts")
        facts = self._app.facts_pane
        assert facts is not None and isinstance(chat, ChatPane)
        try:
            outcome, position = await facts.add_fact(fact)
        except GarageError as error:
            chat.show_fact_error(fact, str(error))
        else:
            chat.show_fact_saved(fact, outcome, position)
