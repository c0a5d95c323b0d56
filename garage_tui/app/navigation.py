"""The part of the app where one screen asks for another: the chat of a run, its card, its sheets, a fact to be kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.message import Message
from textual.widgets import ContentSwitcher

from garage_tui.app.run_forms import StartsRuns
from garage_tui.screens.facts.pane import FactsPane
from garage_tui.widgets.pane import Pane


class Navigating(StartsRuns):
    """What screens want of one another: none of them knows the others."""

    if TYPE_CHECKING:  # what the app has

        def _make(self, name: str) -> Pane: ...

    async def on_runs_pane_chat_wanted(self, event: Message) -> None:
        await self.action_show("chat")
        self.pane.talk_to(event.run_id)  # type: ignore[attr-defined]

    def _facts_file(self) -> Path:
        """Return the facts file that is open, or would be."""
        from garage_tui.core.facts.file import find_files

        pane = next(iter(self.query(FactsPane)), None)
        if pane and pane.store:
            return pane.store.path
        usual = self.workspace.datasets / "garage.jsonl"
        return self._facts or next(iter(find_files(self.workspace.datasets)), usual)

    @work(group="fact")
    async def on_chat_turns_fact_written(self, event: Message) -> None:
        from garage_tui.core.base.errors import GarageError

        if not self.query(FactsPane):  # the store of the Facts screen writes it, so that all edits are of one mind
            await self.query_one(ContentSwitcher).add_content(self._make("facts"))
        chat = self.query_one("#chat", Pane)
        try:
            where = await self.query_one(FactsPane).add_fact(event.fact)  # type: ignore[attr-defined]
        except GarageError as error:
            chat.fact_not_kept(str(error))  # type: ignore[attr-defined]
        else:
            chat.fact_kept(event.fact, where)  # type: ignore[attr-defined]

    def on_runs_pane_duplicate_wanted(self, event: Message) -> None:
        self.duplicate(event.run_id)  # type: ignore[attr-defined]

    async def on_runs_pane_gallery_wanted(self, event: Message) -> None:
        await self._show_sheets(event.run_id)  # type: ignore[attr-defined]

    async def _show_sheets(self, run_id: str) -> None:
        await self.action_show("gallery")
        self.pane.choose(self.workspace.checkpoints / run_id)  # type: ignore[attr-defined]

    @work(group="card")
    async def on_runs_pane_card_wanted(self, event: Message) -> None:
        from garage_tui.screens.report.diffusion_card_dialog import DiffusionCardDialog

        card = DiffusionCardDialog(self.workspace.checkpoints / event.run_id)  # type: ignore[attr-defined]
        if run_id := await self.push_screen_wait(card):
            await self._show_sheets(run_id)

    def on_run_pairs_compare_wanted(self, event: Message) -> None:
        from garage_tui.screens.report.compare_dialog import CompareDialog

        folders = self.workspace.checkpoints / event.first, self.workspace.checkpoints / event.second  # type: ignore[attr-defined]
        self.push_screen(CompareDialog(*folders))

    def on_runs_pane_report_wanted(self, event: Message) -> None:
        from garage_tui.screens.report.card_dialog import ReportCardDialog

        self.push_screen(ReportCardDialog(self.workspace.checkpoints / event.run_id))  # type: ignore[attr-defined]
