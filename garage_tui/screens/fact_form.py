"""The form that writes one fact: a question and an answer."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.keybar import KeyBar
from garage_tui.widgets.notice import Notice

Written = tuple[str, str]
"""Question and answer."""


class FactForm(Dialog[Written | None]):
    """Question and answer, each of as many lines as it needs; the result is both, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("escape", "cancel", "Cancel", key_display="Esc", priority=True),
    ]

    def __init__(self, title: str, question: str = "", answer: str = "", complaint: str = "") -> None:
        super().__init__()
        self._title, self._was, self._complaint = title, (question, answer), complaint
        self._warned = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content(self._title)
            yield Static("Question", classes="label")
            yield TextArea(self._was[0], id="question", compact=True, highlight_cursor_line=False)
            yield Static("Answer", classes="label")
            yield TextArea(self._was[1], id="answer", compact=True, highlight_cursor_line=False)
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        for area in self.query(TextArea):
            area.cursor_blink = False  # a blinking cursor repaints for ever
            area.move_cursor(area.document.end)
        self.query_one("#question").focus()
        if self._complaint:
            self.query_one(Notice).wrong(self._complaint)
        else:
            self.query_one(Notice).note(
                "Write it as a person would ask, and as the model shall answer. Tab goes to the other field."
            )

    @property
    def written(self) -> Written:
        """What the fields hold now."""
        question, answer = (self.query_one(f"#{name}", TextArea).text.strip() for name in ("question", "answer"))
        return question, answer

    def action_save(self) -> None:
        question, answer = self.written
        for name, text in (("question", question), ("answer", answer)):
            if not text:
                self.query_one(Notice).wrong(f"The {name} is empty.")
                self.query_one(f"#{name}").focus()
                return
        self.dismiss((question, answer))

    def action_cancel(self) -> None:
        if self.written != self._was and not self._warned:
            self._warned = True
            self.query_one(Notice).wrong("Not saved yet: Ctrl+S saves, Esc once more leaves it as it was.")
            return
        self.dismiss(None)
