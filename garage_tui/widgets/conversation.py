"""One column of a chat: the questions, and the answers of one model as they arrive."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from garage_tui.widgets.table import cut_middle
from garage_tui.widgets.turn_view import TurnView

REPAINT_SECONDS = 0.1
"""Shortest time between two repaints of an answer, however fast its tokens arrive."""
MAX_LAID_OUT = 30
"""Turns that are laid out at a time: with hundreds, each key would take half a second."""
_FRAME = 6
"""Columns of text that the frame takes from a title: corners, lines and spaces."""


class Conversation(VerticalScroll, can_focus=True, inherit_bindings=False):
    """The turns of one model, the newest at the bottom; a hint is shown until the model has been asked."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="column panel")
        self._hint, self._earlier = Static(classes="hint"), Static(classes="hint")
        self._start = 0  # index of the first turn that is laid out
        self._timer: Timer | None = None
        self._turns: list[TurnView] = []
        self._follow = True
        self._title = self._shown_title = ("", "")

    def on_resize(self) -> None:
        self._fit_title()

    def on_mount(self) -> None:
        self._earlier.display = False
        self.mount(self._hint, self._earlier)
        self._timer = self.set_interval(REPAINT_SECONDS, self._repaint, pause=True)

    def set_title(self, kind: str, name: str) -> None:
        """Show who answers here. A name that is too long is cut in its middle: names of runs differ at their ends."""
        self._title = (kind, name)
        self._fit_title()

    def _fit_title(self) -> None:
        kind, name = self._title
        room = self.outer_size.width - _FRAME - len(kind)
        shown = (kind, cut_middle(Content(name), room).plain if room > 0 else name)
        if shown != self._shown_title:  # a title that is set anew paints the whole conversation
            self._shown_title = shown
            self.border_title = Content.assemble(*shown)

    def show_hint(self, text: str) -> None:
        """Set the text that is shown until the model has been asked."""
        self._hint.update(Content.styled(text, "$muted"))

    @property
    def turns(self) -> list[TurnView]:
        return list(self._turns)

    def add_question(self, question: str) -> TurnView:
        """Show a question, and return the view that its answer goes to."""
        turn = TurnView(question)
        self.add_turns([turn])
        if self._timer:
            self._timer.resume()
        return turn

    def add_turns(self, turns: list[TurnView]) -> None:
        """Append turns."""
        self._follow = True
        self._turns += turns
        self._lay_out(len(self._turns) - MAX_LAID_OUT)

    def truncate(self, length: int = 0) -> None:
        """Remove all turns but the first `length`."""
        removed, self._turns = self._turns[length:], self._turns[:length]
        for turn in removed:
            if turn.parent:
                turn.remove()
        self._lay_out(len(self._turns) - MAX_LAID_OUT)

    def _lay_out(self, start: int) -> None:
        """Lay out `MAX_LAID_OUT` turns from index `start` on, and hide the others."""
        self._start = max(0, start)
        visible = self._turns[self._start : self._start + MAX_LAID_OUT]
        for turn in self._turns:
            turn.display = turn in visible
        first_mounted = next((turn for turn in self._turns if turn.parent), None)
        if first_mounted and visible and not visible[0].parent:
            self.mount_all([turn for turn in visible if not turn.parent], before=first_mounted)
        else:
            self.mount_all([turn for turn in visible if not turn.parent])
        self._hint.display = all(turn.skipped for turn in self._turns)
        self._earlier.display = self._start > 0
        self._earlier.update(Content.styled(f"↑ {self._start} earlier", "$muted"))

    def choose(self, index: int | None) -> None:
        """Mark the turn at this index and scroll to it; None marks none."""
        for at, turn in enumerate(self._turns):
            turn.set_chosen(at == index)
        if index is not None and not self._start <= index < self._start + MAX_LAID_OUT:
            self._lay_out(index - MAX_LAID_OUT // 2)
        if index is not None and index < len(self._turns):
            self._follow = index == len(self._turns) - 1
            if self._follow:
                self.scroll_end(animate=False, immediate=True)
            else:
                self.call_after_refresh(self.scroll_to_widget, self._turns[index], animate=False, top=True)

    def watch_virtual_size(self) -> None:
        if self._follow:
            self.scroll_end(animate=False, immediate=True, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y - 0.5:
            self._follow = True
        elif new_value < old_value:  # whoever scrolls up to read is not pulled down again
            self._follow = False

    def _repaint(self) -> None:
        newest = self._turns[-2:]  # a stopped one and the newest: older ones do not change any more
        for turn in newest:
            turn.repaint()
        if not any(turn.streaming for turn in newest) and self._timer:
            self._timer.pause()
