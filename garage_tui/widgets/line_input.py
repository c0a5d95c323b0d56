"""An input line that takes a pasted text of several lines as one."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class LineInput(Input):
    """An input line for a text: of what is pasted it takes all lines, where Textual takes only the first one.

    A field for a number stays an `Input`: several numbers are no number.
    """

    def on_paste(self, event: events.Paste) -> None:
        """Make one line of a pasted text, before Textual inserts it."""
        event.text = self.in_one_line(event.text)

    def in_one_line(self, text: str) -> str:
        """Return a pasted text as a line: its lines with a blank between them, without empty ones."""
        lines = [line for line in text.splitlines() if line.strip()]
        return lines[0] if len(lines) == 1 else " ".join(line.strip() for line in lines)
