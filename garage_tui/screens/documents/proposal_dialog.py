"""The dialog in which the owner changes a proposed fact, or writes one; the checks say what is wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Label, Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import plain, shown_line
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.review.owner_edit import EditedTexts
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.readline_area import ReadlineArea

_FIELDS = (
    ("statement", "The fact as a sentence"),
    ("taught", "Questions to teach, one a line"),
    ("exam", "Question for the exam"),
    ("reply", "Answer"),
)


class ProposalDialog(Dialog[Proposal | None]):
    """Lets the owner change the texts of a fact; the result is the checked proposal, or None.

    Args:
        texts: what the fields begin with.
        quote: what the document says.
        check: returns the fact with its checks; it is called in a thread.
        is_new: the fact was not proposed before.
    """

    HELP_PAGE = "guide/documents.md"
    HELP = (
        "Change the fact, then press Ctrl+S. It goes through the same checks as what was proposed. If one of them "
        "fails, it is shown here, and Ctrl+S once more keeps the fact as you wrote it."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Check and keep"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    def __init__(
        self, texts: EditedTexts, quote: str, check: Callable[[EditedTexts], Proposal], *, is_new: bool
    ) -> None:
        super().__init__()
        self._begun, self._quote, self._check, self._is_new = texts, quote, check, is_new
        self._shown: EditedTexts | None = None  # texts whose failed checks the owner has seen
        self._busy = False

    def compose(self) -> ComposeResult:
        begun = self._begun
        values = (begun.statement, "\n".join(begun.questions), begun.exam_question, begun.answer)
        with Vertical(classes="box form") as box:
            box.border_title = Content("Write a fact" if self._is_new else "Change a fact")
            with VerticalScroll(can_focus=False):
                yield Static(Content.assemble(("Quote ", "$muted"), shown_line(self._quote, 400)), classes="text")
                for (name, label), value in zip(_FIELDS, values, strict=True):
                    yield Label(label, classes="label")
                    yield ReadlineArea(value, id=f"proposal-{name}")
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        first = self.query_one("#proposal-taught" if self._is_new else "#proposal-statement", ReadlineArea)
        first.focus()
        first.move_cursor(first.document.end)
        self.notice.note("Tab: next field. Ctrl+S checks it and keeps it.")

    @property
    def _texts(self) -> EditedTexts:
        statement, taught, exam, reply = (
            plain(self.query_one(f"#proposal-{name}", ReadlineArea).text).strip() for name, _ in _FIELDS
        )
        questions = tuple(filter(None, (line.strip() for line in taught.splitlines())))
        return EditedTexts(" ".join(statement.split()), questions, " ".join(exam.split()), reply)

    def action_save(self) -> None:
        if not self._busy:
            self._busy = True
            self.run_worker(self._save())

    async def _save(self) -> None:
        texts = self._texts
        try:
            edited = await asyncio.to_thread(self._check, texts)
        except GarageError as error:
            self.notice.wrong(str(error))
            return
        finally:
            self._busy = False
        if not texts.statement or not texts.answer or not texts.questions:
            self.notice.wrong("write the fact, at least one question to teach, and the answer")
        elif edited.failed and self._shown != texts:
            self._shown = texts
            first, more = edited.failed[0], len(edited.failed) - 1
            others = f" (and {plural(more, 'other check')})" if more else ""
            self.notice.wrong(f"{first.name}: {shown_line(first.reason, 240)}{others}. Ctrl+S again keeps it")
        else:
            self.dismiss(edited)

    def action_cancel(self) -> None:
        if self.may_close(self._begun, self._texts, "Not kept yet: Ctrl+S keeps it"):
            self.dismiss(None)
