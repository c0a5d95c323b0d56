"""The line in which one writes which rows of a table are looked for."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterInput(Input):
    """Filters while one types; Enter or ↓ goes to the rows and keeps the filter, Esc ends it."""

    HELP_NAME = "While you find"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave", "To the rows", key_display="⏎"),
        Binding("escape", "close", "All rows", key_display="Esc"),
    ]

    class Left(Message):
        """The focus shall go to the rows."""

    class Closed(Message):
        """All rows shall be shown again."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(placeholder="words that the rows hold", id=id, compact=True)
        self.cursor_blink = False  # a blinking cursor repaints for ever

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_close(self) -> None:
        self.post_message(self.Closed())
