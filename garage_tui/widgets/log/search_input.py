"""The input line that searches a log."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from garage_tui.widgets.line_input import LineInput


class SearchInput(LineInput):
    """The input line that searches a log while the user types; ↑ or Enter: older match, ↓: newer match, Esc: end."""

    HELP_NAME = "While you search the log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,enter", "go(-1)", "Older match", key_display="↑"),
        Binding("down", "go(1)", "Newer match", key_display="↓"),
        Binding("escape", "close", "End the search", key_display="Esc"),
    ]

    class Go(Message):
        """A request to go to another match: an older one (negative) or a newer one."""

        def __init__(self, steps: int) -> None:
            super().__init__()
            self.steps = steps

    class Closed(Message):
        """The user ended the search."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(placeholder="search the log", id=id, compact=True)
        self.cursor_blink = False  # a blinking cursor repaints all the time
        self.display = False

    def in_one_line(self, text: str) -> str:
        """Return the first line of a pasted text that is not empty: what is found is in one line of the log."""
        return next((line for line in text.splitlines() if line.strip()), "")

    def action_go(self, steps: int) -> None:
        self.post_message(self.Go(steps))

    def action_close(self) -> None:
        self.value = ""
        self.display = False
        self.post_message(self.Closed())
