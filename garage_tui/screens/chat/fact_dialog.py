"""The dialog that makes a fact of a turn: the question, and the answer that the model should have given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Label, Select, TextArea

from garage_tui.core.base.sanitize import plain
from garage_tui.core.facts.line import Fact
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.readline_area import ReadlineArea

_KINDS = (("A fact to teach", False), ("An exam question: never taught, asked by the report card", True))
_NO_EXAM_ANSWER = "an exam question needs the answer that you want: the exam grades with it"
YOURS = "what you wrote"
"""The source of an answer that is the user's own."""


@dataclass(frozen=True)
class SuggestedAnswer:
    """An answer that a fact may begin with."""

    source: str
    """Whose it is: `the tuned model's answer`."""
    text: str


class FactDialog(Dialog[Fact | None]):
    """Lets the user correct question and answer; the result is the fact, or None.

    Args:
        file: the facts file's name.
        question: what was asked.
        suggestions: what the answer may begin with; ctrl+o goes from one to the next.
        exam: True if it is an exam question at first.
    """

    HELP_PAGE = "guide/chat.md"
    HELP = (
        "Correct the question and the answer, then press Ctrl+S to add them to your facts file. Pressing t on Facts "
        "teaches whatever the file contains at that moment."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Add it"),
        Binding("ctrl+o", "other", "Another answer"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    def __init__(self, file: str, question: str, suggestions: Sequence[SuggestedAnswer], exam: bool) -> None:
        super().__init__()
        self._file, self._question, self._exam = file, question, exam
        self._suggestions = [*suggestions, SuggestedAnswer("nothing", "")]
        self._begun = {one.text for one in self._suggestions}
        self._current = 0
        self._warned_answer = ""  # a model's answer that the user was warned about

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content(f"A new row for {self._file}")
            yield Label("Question", classes="label")
            yield ReadlineArea(self._question, id="question")
            yield Label("The answer that you want", id="fact-from", classes="label")
            yield ReadlineArea(self._suggestions[0].text, id="answer")
            kinds = [(Content(label), kind) for label, kind in _KINDS]
            yield Select(kinds, value=self._exam, allow_blank=False, id="fact-kind", compact=True)
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        answer = self.query_one("#answer", TextArea)
        answer.focus()
        answer.move_cursor(answer.document.end)
        self._show_source()
        self.notice.note("Correct it, then Ctrl+S adds it. Tab: next field. Ctrl+O: begin with another answer.")

    def _show_source(self) -> None:
        label = f"The answer that you want · begins with {self._suggestions[self._current].source}"
        self.query_one("#fact-from", Label).update(Content(label))

    def action_other(self) -> None:
        """Put the next suggested answer into the field; what the user wrote becomes a suggestion, too."""
        area = self.query_one("#answer", TextArea)
        if area.text != self._suggestions[self._current].text:
            if self._suggestions[self._current].source != YOURS:
                self._current = len(self._suggestions)
                self._suggestions.append(SuggestedAnswer(YOURS, ""))
            self._suggestions[self._current] = SuggestedAnswer(YOURS, area.text)
        self._current = (self._current + 1) % len(self._suggestions)
        area.text = self._suggestions[self._current].text
        area.move_cursor(area.document.end)
        self._show_source()

    def action_save(self) -> None:
        """Close with the fact, if question and answer are there."""
        question, answer = (plain(self.query_one(f"#{name}", TextArea).text).strip() for name in ("question", "answer"))
        exam = self.query_one("#fact-kind", Select).value is True
        notice = self.notice
        if not question:
            notice.wrong("write the question")
        elif not answer:
            notice.wrong(_NO_EXAM_ANSWER if exam else "write the answer that the model should learn")
        elif (source := self._unchanged_source(answer)) and self._warned_answer != answer:
            # It may be right, but a wrong answer must not be taught by accident.
            self._warned_answer = answer
            notice.wrong(f"this is still {source}: press Ctrl+S again to add it unchanged")
        else:
            self.dismiss(Fact(question, answer, {"exam": True} if exam else {}))

    def _unchanged_source(self, answer: str) -> str:
        """Return whose answer it is, if the user has not changed it; else nothing."""
        return next((one.source for one in self._suggestions if one.source != YOURS and one.text.strip() == answer), "")

    def action_cancel(self) -> None:
        question, answer = (self.query_one(f"#{name}", TextArea).text for name in ("question", "answer"))
        written = {answer, *(one.text for one in self._suggestions)} - self._begun  # by the user, also out of sight
        if self.may_close((self._question, set()), (question, written), "Not added yet: Ctrl+S adds it"):
            self.dismiss(None)
