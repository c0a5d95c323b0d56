"""The conversations of the chat side by side."""

from __future__ import annotations

from collections.abc import Mapping

from textual.containers import Horizontal

from garage_tui.core.chat.transcripts import Side
from garage_tui.screens.chat.column_choice import SIDES, ColumnChoice
from garage_tui.widgets.conversation import Conversation


class ConversationColumns(Horizontal):
    """One conversation for each side; of the chosen ones, as many are shown as fit."""

    def __init__(self) -> None:
        columns: Mapping[Side, Conversation] = {side: Conversation(side) for side in SIDES}
        super().__init__(*columns.values(), id="chat-columns")
        self._by_side = columns
        self.choice = ColumnChoice()

    def __getitem__(self, side: Side) -> Conversation:
        return self._by_side[side]

    def lay_out(self) -> None:
        """Show the chosen conversations, as many as fit into the terminal."""
        self.choice.book_waits = self._was_asked("base") and not self._was_asked("book")
        visible = self.choice.fit(self.app.size.width)
        for side, conversation in self._by_side.items():
            conversation.display = side in visible

    def show_answered(self) -> None:
        """If the column without space is the one that has an answer to the newest question, show it after all."""
        width = self.app.size.width
        hidden = self.choice.hidden(width)
        if hidden is None or not self._has_newest_answer(hidden):
            return
        if empty := next((side for side in self.visible_sides if not self._has_newest_answer(side)), None):
            self.choice.show_instead(empty, width)
            self.lay_out()

    def _has_newest_answer(self, side: Side) -> bool:
        turns = self._by_side[side].turns
        return bool(turns and turns[-1].answer)

    def _was_asked(self, side: Side) -> bool:
        return any(not turn.skipped for turn in self._by_side[side].turns)

    @property
    def visible_sides(self) -> list[Side]:
        return [side for side, conversation in self._by_side.items() if conversation.display]

    @property
    def has_focused_column(self) -> bool:
        """True while a conversation has the focus, not the input field."""
        return isinstance(self.screen.focused, Conversation)

    def side_of(self, conversation: Conversation) -> Side:
        """Return the side that a conversation shows."""
        return next(side for side, one in self._by_side.items() if one is conversation)

    @property
    def last_index(self) -> int | None:
        """Index of the newest turn; None if nothing has been asked."""
        count = len(self._by_side["base"].turns)
        return count - 1 if count else None

    def choose_turn(self, index: int | None) -> None:
        """Mark a turn in all conversations; None marks none."""
        for conversation in self._by_side.values():
            conversation.choose(index)

    def truncate(self, length: int = 0) -> None:
        """Remove all turns but the first `length`."""
        for conversation in self._by_side.values():
            conversation.truncate(length)

    def scroll_pages(self, pages: int) -> None:
        """Scroll all conversations by a number of pages; negative ones go up."""
        for conversation in self._by_side.values():
            conversation.scroll_relative(y=pages * max(1, conversation.size.height - 2), animate=False)
