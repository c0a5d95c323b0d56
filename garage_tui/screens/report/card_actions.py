"""What can be done about a report card: another wording, a longer run, another preset, a copy in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from garage_tui.core.exam.remedies import longer_epochs, remedies
from garage_tui.core.exam.report import ExamQuestion, Report
from garage_tui.screens.common.messages import DuplicateRequested, PageRequested, WordingRequested
from garage_tui.screens.report.saving import save

if TYPE_CHECKING:
    from textual.message import Message

    from garage_tui.core.documents.row_origin import RowOrigin
    from garage_tui.widgets.dialog import Dialog


class CardActions:
    """Leads from the report card of a run to another screen, and saves the card."""

    def __init__(self, dialog: Dialog[None], run_id: str) -> None:
        self._dialog, self._run_id = dialog, run_id

    def write_wording(self, question: ExamQuestion) -> None:
        """Go to the facts file, and open another row for the fact of a question."""
        self._leave(WordingRequested(self._run_id, question.question, question.fact or question.expected))

    def show_page(self, origin: RowOrigin) -> None:
        """Go to the sentence of the document that a fact came from."""
        self._leave(PageRequested(origin.document, origin.start, origin.quote))

    def train_longer(self, recipe: dict[str, object]) -> None:
        """Open the form of a run like this one with more epochs."""
        self._leave(DuplicateRequested(self._run_id, epochs=longer_epochs(recipe)))

    def train_preset(self, preset: str) -> None:
        """Open the form of a run like this one with another preset."""
        self._leave(DuplicateRequested(self._run_id, preset))

    def _leave(self, message: Message) -> None:
        app = self._dialog.app
        self._dialog.dismiss(None)
        app.post_message(message)

    async def save(self, card: Report, recipe: dict[str, object], file: str) -> None:
        """Save the card as Markdown; `file` is the facts file that the run taught."""
        from garage_tui.core.exam.report_markdown import markdown  # noqa: PLC0415 (most cards are not saved)

        document = markdown(card, remedies(card, recipe).commands(self._run_id, file))
        await save(self._dialog, self._run_id, document)
