"""The input line of the chat."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class QuestionInput(Input):
    """An input line that Enter empties at once, so that what is typed next begins a new question.

    Textual runs the action of Enter some messages later. On a busy box the next letters are in the line by then, and
    would become a part of the question.
    """

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            text, self.value = self.value, ""
            self.post_message(self.Submitted(self, text))
