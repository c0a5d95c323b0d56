"""What can be done about a report card: another wording, a longer run, another preset, a copy in Markdown."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.exam.remedies import longer, remedies
from garage_tui.core.exam.report import ExamQuestion, Report
from garage_tui.screens.common.messages import DuplicateRequested, WordingRequested

if TYPE_CHECKING:
    from textual.message import Message

    from garage_tui.screens.report.report_card_dialog import ReportCardDialog

_WHERE = "Paths that do not begin with / are relative to your home folder."


class CardActions:
    """Leads from the report card of a run to another screen, and saves the card."""

    def __init__(self, dialog: ReportCardDialog, run_id: str) -> None:
        self._dialog, self._run_id = dialog, run_id

    def write_wording(self, question: ExamQuestion) -> None:
        """Go to the facts file, and open another row for the fact of a question."""
        self._leave(WordingRequested(self._run_id, question.question, question.fact or question.expected))

    def train_longer(self, recipe: dict[str, object]) -> None:
        """Open the form of a run like this one with more epochs."""
        self._leave(DuplicateRequested(self._run_id, epochs=longer(recipe)))

    def train_preset(self, preset: str) -> None:
        """Open the form of a run like this one with another preset."""
        self._leave(DuplicateRequested(self._run_id, preset))

    def _leave(self, message: Message) -> None:
        app = self._dialog.app
        self._dialog.dismiss(None)
        app.post_message(message)

    async def save(self, card: Report, recipe: dict[str, object], file: str) -> None:
        """Ask for a path, and write the card there as Markdown; an existing file is replaced only if that is agreed."""
        from garage_tui.core.exam.report_markdown import markdown, write_markdown  # noqa: PLC0415 (rarely used)
        from garage_tui.widgets.confirm_and_pick import Confirm  # noqa: PLC0415
        from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415

        app, notice, home = self._dialog.app, self._dialog.notice, Path.home()
        new = home / f"{self._run_id}-report.md"
        text = f"The report card is saved as Markdown. {_WHERE}"
        path = await app.push_screen_wait(PathDialog("Save the report card", text, home, new, new=True))
        if path is None:
            return
        exists = await asyncio.to_thread(path.exists)
        if exists:
            question = Confirm("Replace it?", f"{one_line(str(path))} already exists.", "Replace it", "Keep it")
            if not await app.push_screen_wait(question):
                return
        document = markdown(card, remedies(card, recipe).commands(self._run_id, file))
        try:
            await asyncio.to_thread(write_markdown, path, document, replace=exists)
        except GarageError as error:
            notice.wrong(plain(f"not saved: {error}"))
        else:
            notice.done(f"Saved {one_line(str(path), 1000)}")
