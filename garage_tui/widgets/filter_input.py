"""The input line that filters the rows of a table."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from garage_tui.widgets.line_input import LineInput


class FilterInput(LineInput):
    """The input line that filters a table while the user types; Enter or ↓ keeps the filter, Esc ends it."""

    HELP_NAME = "While you filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave", "To the rows", key_display="⏎"),
        Binding("escape", "close", "All rows", key_display="Esc"),
    ]

    class Left(Message):
        """The user left the line for the rows; the filter stays."""

    class Closed(Message):
        """The user ended the filter; all rows are to be shown again."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(placeholder="words to find", id=id, compact=True)
        self.cursor_blink = False  # a blinking cursor repaints all the time

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_close(self) -> None:
        self.post_message(self.Closed())
