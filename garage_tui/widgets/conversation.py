"""One side of a chat: questions, and the answers of one model as they come in."""

from __future__ import annotations

import time

from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from garage_tui.core.base.sanitize import shown

REPAINT_SECONDS = 0.1
"""Answers are repainted this often at most, however fast the words come."""
MOST = 30
"""Turns that are laid out at a time: with hundreds, each key would take half a second."""


class TurnView(Static):
    """A question, its answer so far, and how quick it was. Model text is text: nothing in it is interpreted.

    Args:
        asked: False where this model is not asked.
        open: the answer is still to come.
    """

    def __init__(self, question: str, *, asked: bool = True, open: bool = True) -> None:
        super().__init__(classes="turn")
        self.question, self.asked = question, asked
        self.answer = ""
        self.open = asked and open
        """True while the answer is still coming."""
        self.known = ""
        """What the model was told beside the question, in words."""
        self.foot = "" if asked else "not asked"
        """How quick it was, or why there is no more of it."""
        self.wrong = False
        """True where `foot` says what went wrong."""
        self.note = ""
        """What the reader should know of this answer."""
        self._chosen = False
        self._asked = time.monotonic()
        self._painted: object = None

    def on_mount(self) -> None:
        self.repaint()

    def feed(self, text: str) -> None:
        """Add to the answer; it is painted with the next repaint."""
        self.answer += text

    def knows(self, words: str) -> None:
        """Say below the question what the model was told beside it."""
        self.known = words
        self.repaint()

    def close(self, foot: str, wrong: bool = False) -> None:
        """The answer is complete, or never will be; `foot` says which."""
        self.open, self.foot, self.wrong = False, foot, wrong
        self.repaint()

    def remark(self, note: str) -> None:
        """Say below the answer what the reader should know of it."""
        self.note = note
        self.repaint()

    def choose(self, chosen: bool) -> None:
        """Mark it as the one that keys act on, or take the mark away."""
        self._chosen = chosen
        self.set_class(chosen, "-chosen")
        self.repaint()

    def repaint(self) -> None:
        """Show what has come since the last time."""
        foot = self.foot
        if self.open and not self.answer:
            foot = f"waiting · {time.monotonic() - self._asked:.0f} s"
        state = (self.answer, self.known, foot, self.note, self._chosen)
        if state == self._painted:
            return
        self._painted = state
        parts = [Content.assemble(("▸ " if self._chosen else "› ", "bold $primary"), (self.question, "bold"))]
        if self.known:
            parts.append(Content.styled(self.known, "$muted"))
        if self.answer:
            parts.append(Content(shown(self.answer.rstrip())))  # marks that came one by one may be a flood
        if foot:
            parts.append(Content.styled(f"✗ {foot}" if self.wrong else foot, "$error" if self.wrong else "$muted"))
        if self.note:
            parts.append(Content.styled(f"! {self.note}", "$warning"))
        self.update(Content("\n").join(parts))


class Conversation(VerticalScroll, can_focus=True, inherit_bindings=False):
    """The turns of one model, newest at the bottom; `hint` is shown until it was asked something."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="column panel")
        self._hint, self._more = Static(classes="hint"), Static(classes="hint")
        self._start = 0  # place of the first turn that is laid out
        self._timer: Timer | None = None
        self._turns: list[TurnView] = []
        self._follow = True

    def on_mount(self) -> None:
        self._more.display = False
        self.mount(self._hint, self._more)
        self._timer = self.set_interval(REPAINT_SECONDS, self._repaint, pause=True)

    def hint(self, text: str) -> None:
        """Say this until something was asked."""
        self._hint.update(Content.styled(text, "$muted"))

    @property
    def turns(self) -> list[TurnView]:
        return list(self._turns)

    def ask(self, question: str) -> TurnView:
        """Show a question, and return the turn that its answer goes to."""
        turn = TurnView(question)
        self.add([turn])
        if self._timer:
            self._timer.resume()
        return turn

    def add(self, turns: list[TurnView]) -> None:
        """Show more turns below the others."""
        self._follow = True
        self._turns += turns
        self._lay_out(len(self._turns) - MOST)

    def cut(self, at: int = 0) -> None:
        """Forget the turns from this place on; by default all."""
        gone, self._turns = self._turns[at:], self._turns[:at]
        for turn in gone:
            if turn.parent:
                turn.remove()
        self._lay_out(len(self._turns) - MOST)

    def _lay_out(self, start: int) -> None:
        """Have the turns from `start` on laid out, `MOST` of them."""
        self._start = max(0, start)
        shown = self._turns[self._start : self._start + MOST]
        for turn in self._turns:
            turn.display = turn in shown
        there = next((turn for turn in self._turns if turn.parent), None)
        if there and shown and not shown[0].parent:  # above those that are there
            self.mount_all([turn for turn in shown if not turn.parent], before=there)
        else:
            self.mount_all([turn for turn in shown if not turn.parent])
        self._hint.display = not any(turn.asked for turn in self._turns)
        self._more.display = self._start > 0
        self._more.update(Content.styled(f"↑ {self._start} before these", "$muted"))

    def choose(self, place: int | None) -> None:
        """Mark the turn at this place, and bring it into sight; None marks none."""
        for at, turn in enumerate(self._turns):
            turn.choose(at == place)
        if place is not None and not self._start <= place < self._start + MOST:
            self._lay_out(place - MOST // 2)
        if place is not None and place < len(self._turns):
            self._follow = place == len(self._turns) - 1
            if self._follow:
                self.scroll_end(animate=False, immediate=True)
            else:
                self.call_after_refresh(self.scroll_to_widget, self._turns[place], animate=False, top=True)

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
        some = False
        for turn in self._turns[-2:]:  # a stopped one and the newest: nothing comes to older ones any more
            turn.repaint()
            some = some or turn.open
        if not some and self._timer:
            self._timer.pause()
