"""The input line that filters the rows of a table."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterInput(Input):
    """Filters while one types; Enter or ↓ goes to the rows and keeps the filter, Esc ends it."""

    HELP_NAME = "While you filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave", "To the rows", key_display="⏎"),
        Binding("escape", "close", "All rows", key_display="Esc"),
    ]

    class Left(Message):
        """The focus should go to the rows."""

    class Closed(Message):
        """All rows should be shown again."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(placeholder="words to find", id=id, compact=True)
        self.cursor_blink = False  # a blinking cursor repaints for ever

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_close(self) -> None:
        self.post_message(self.Closed())
