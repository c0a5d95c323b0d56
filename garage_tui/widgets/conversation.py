"""One side of a chat: questions, and the answers of one model as they come in."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

REPAINT_SECONDS = 0.1
"""Answers are repainted this often at most, however fast the words come."""


class Turn(Static):
    """A question, its answer so far, and how quick it was. Model text is text: nothing in it is interpreted."""

    def __init__(self, question: str) -> None:
        super().__init__(classes="turn")
        self.question = question
        self.answer = ""
        self.open = True
        """True while the answer is still coming."""
        self.foot = Content("")
        self._asked = time.monotonic()
        self._painted: tuple[str, str] | None = None

    def on_mount(self) -> None:
        self.repaint()

    def feed(self, text: str) -> None:
        """Add to the answer; it is painted with the next repaint."""
        self.answer += text

    def close(self, foot: str, wrong: bool = False) -> None:
        """The answer is complete, or never will be; `foot` says which."""
        self.open = False
        self.foot = Content.styled(f"✗ {foot}" if wrong else foot, "$error" if wrong else "$muted")
        self.repaint()

    def repaint(self) -> None:
        """Show what has come since the last time."""
        foot = self.foot
        if self.open and not self.answer:
            foot = Content.styled(f"waiting · {time.monotonic() - self._asked:.0f} s", "$muted")
        state = (self.answer, foot.plain)
        if state == self._painted:
            return
        self._painted = state
        parts = [Content.assemble(("› ", "bold $primary"), (self.question, "bold"))]
        if self.answer:
            parts.append(Content(self.answer.rstrip()))
        if foot:
            parts.append(foot)
        self.update(Content("\n").join(parts))


class Conversation(VerticalScroll, can_focus=True):
    """The turns of one model, newest at the bottom; `hint` is shown while there are none."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="column panel")
        self._hint = Static(classes="hint")
        self._timer: Timer | None = None
        self._open: list[Turn] = []
        self._follow = True

    def on_mount(self) -> None:
        self.mount(self._hint)
        self._timer = self.set_interval(REPAINT_SECONDS, self._repaint, pause=True)

    def hint(self, text: str) -> None:
        """Say this while nothing was asked."""
        self._hint.update(Content.styled(text, "$muted"))

    @property
    def turns(self) -> list[Turn]:
        return list(self.query(Turn))

    def ask(self, question: str) -> Turn:
        """Show a question, and return the turn that its answer goes to."""
        turn = Turn(question)
        self._hint.display = False
        self._follow = True
        self._open.append(turn)
        self.mount(turn)
        if self._timer:
            self._timer.resume()
        return turn

    def clear(self) -> None:
        """Forget the conversation."""
        self._open.clear()
        self.query(Turn).remove()
        self._hint.display = True

    def watch_virtual_size(self) -> None:
        if self._follow:
            self.scroll_end(animate=False, immediate=True, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y - 0.5:
            self._follow = True
        elif new_value < old_value:  # who scrolls up to read is left alone
            self._follow = False

    def _repaint(self) -> None:
        for turn in self._open:
            turn.repaint()
        self._open = [turn for turn in self._open if turn.open]
        if not self._open and self._timer:
            self._timer.pause()
