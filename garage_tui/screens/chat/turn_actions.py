"""What the keyboard does with a turn of the chat: choose it, ask it again, copy an answer, make a fact of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.widget import Widget

from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import plain
from garage_tui.core.chat.repetition import is_repetition
from garage_tui.core.chat.transcripts import Side, Turn
from garage_tui.core.facts.line import Fact
from garage_tui.core.terminal import clipboard
from garage_tui.screens.chat.asker import Asker
from garage_tui.screens.chat.conversations import Conversations
from garage_tui.screens.chat.host import ChatHost
from garage_tui.screens.common.messages import FactWritten, PageRequested
from garage_tui.widgets.conversation import Conversation

if TYPE_CHECKING:
    from garage_tui.core.school.fact_change import Outcome

ANSWER_NAMES: dict[Side, str] = {
    "tuned": "the tuned model's answer",
    "base": "the base model's answer",
    "book": "the open book's answer",
}
"""What each side's answer is called; a new fact begins with the first of them that there is."""


class TurnActions:
    """Walks through the turns, and acts on the chosen one or, while the user types, on the newest."""

    def __init__(self, host: ChatHost, conversations: Conversations, asker: Asker) -> None:
        self._host, self._conversations, self._asker = host, conversations, asker
        self._chosen: int | None = None
        self._written: Turn | None = None  # of the fact that was written last
        self._refused: tuple[Turn, Fact] | None = None
        """A fact that did not come into its file, and the turn that it was made of."""
        self._side: Side = "tuned"  # of the column that has the focus, or had it last

    # Walking

    @property
    def is_walking(self) -> bool:
        """True while a conversation has the focus, not the input field."""
        return self._host.columns.has_focused_column

    def toggle(self) -> None:
        """Go from the input field to the answers, or back."""
        if self.is_walking:
            self._host.focus_now(self._host.question_input)
        else:
            visible = self._host.columns.visible_sides
            self._go_to(self._side if self._side in visible else visible[-1])

    def leave(self) -> None:
        """Go back to the input field; there, stop editing an earlier question."""
        if self.is_walking:
            self._host.focus_now(self._host.question_input)
        else:
            self._asker.leave_edit()

    def stay_visible(self) -> None:
        """Go to another column if the one with the focus is hidden now."""
        visible = self._host.columns.visible_sides
        if self.is_walking and self._side not in visible:
            self._go_to(visible[-1])

    def _go_to(self, side: Side) -> None:
        self._side = side  # at once: the next key may be here already
        self._host.focus_now(self._host.columns[side])
        self._choose_current()

    def follow_focus(self, widget: Widget) -> None:
        """Choose a turn when a conversation gets the focus; choose none when the input field does."""
        columns = self._host.columns
        if isinstance(widget, Conversation) and columns.last_index is not None:  # an empty one has it at the start
            self._side = columns.side_of(widget)
            self._choose_current()
        else:
            self._choose(None)

    def _choose_current(self) -> None:
        self._choose(self._host.columns.last_index if self._chosen is None else self._chosen)

    def choose_newest(self) -> None:
        """Choose the newest turn while walking; none while the user types."""
        self._choose(self._host.columns.last_index if self.is_walking else None)

    def _choose(self, index: int | None) -> None:
        last = self._host.columns.last_index
        self._chosen = None if index is None or last is None else max(0, min(index, last))
        self._host.columns.choose_turn(self._chosen)

    def step(self, by: int) -> None:
        """Go to the turn above or below; while typing, take back a question that waits, or recall one."""
        if self.is_walking:
            if self._chosen is not None:
                self._choose(self._chosen + by)
            return
        if by < 0 and self._asker.take_back_waiting():
            return
        field, history = self._host.question_input, self._conversations.history
        field.value = history.back(field.value) if by < 0 else history.forward(field.value)
        field.cursor_position = len(field.value)

    def step_aside(self, by: int) -> None:
        """Go to the column on the left or on the right."""
        visible = self._host.columns.visible_sides
        if self.is_walking and self._side in visible:
            self._go_to(visible[max(0, min(visible.index(self._side) + by, len(visible) - 1))])

    # Acting on a turn

    def act(self, action: str) -> None:
        """Act on the chosen turn, or on the newest if none is chosen.

        Args:
            action: `edit`, `copy`, `page`, `fact` or `exam`.
        """
        turns = self._asker.turns
        index = self._chosen if self._chosen is not None else len(turns) - 1
        if not 0 <= index < len(turns):
            self._host.notice.wrong("no question has been asked yet")
        elif action == "edit":
            self._asker.edit(index)
        elif action == "page":
            self._show_page(turns[index])
        elif action == "copy":
            self._host.run_worker(self._copy(turns[index]), group="copy", exclusive=True)
        else:
            make_fact = self._make_fact(turns[index], exam=action == "exam")
            self._host.run_worker(make_fact, group="form", exclusive=True)

    def _answers(self, turn: Turn) -> dict[Side, str]:
        """Return the answers of a turn that are not empty, the one of the column with the focus first."""
        order = [self._side] * self.is_walking + list(ANSWER_NAMES)
        answers = {side: turn.answers[side].text.strip() for side in order if side in turn.answers}
        return {side: text for side, text in answers.items() if text}

    async def _copy(self, turn: Turn) -> None:
        notice = self._host.notice
        side, text = next(iter(self._answers(turn).items()), (None, ""))
        if side is None:
            notice.wrong("there is no answer to copy")
            return
        self._host.copy_to_clipboard(text)
        done = f"Copied {ANSWER_NAMES[side]}, {plural(len(text), 'character')}"
        if obstacle := await asyncio.to_thread(clipboard.obstacle):
            notice.wrong(f"{done}; {obstacle}")
        else:
            notice.done(done)

    def _show_page(self, turn: Turn) -> None:
        if turn.passages:
            first = turn.passages[0]
            self._host.post_message(PageRequested(first.document, first.start, first.text))
        else:
            self._host.notice.wrong("no page of a document was found for this question: ^o asks with the open book")

    async def _make_fact(self, turn: Turn, *, exam: bool) -> None:
        from garage_tui.screens.chat.fact_dialog import YOURS, FactDialog, SuggestedAnswer  # noqa: PLC0415 (not needed for the first paint)

        answers = self._answers(turn).items()
        # Of an answer that only repeats itself nothing is worth correcting.
        suggestions = [SuggestedAnswer(ANSWER_NAMES[side], text) for side, text in answers if not is_repetition(text)]
        question = turn.question
        if self._refused and self._refused[0] is turn:
            question = self._refused[1].question
            suggestions.insert(0, SuggestedAnswer(YOURS, self._refused[1].answer))
        dialog = FactDialog(plain(self._host.facts_file.name), question, suggestions, exam)
        fact = await self._host.ask(dialog)
        if fact is not None:
            self._written = turn
            self._host.post_message(FactWritten(fact))

    def show_fact_saved(self, fact: Fact, outcome: Outcome, position: str) -> None:
        """Say where a fact is now, and what comes next."""
        self._refused = None
        if outcome == "already there":
            self._host.notice.note(f"Already there: {position}. Nothing was written")
            return
        if fact.exam:
            text = f"Added an exam question: {position}. The report card asks it (x on F3); no run is taught it"
        elif outcome == "replaced":
            text = f"Replaced: {position}. On F2, t teaches it and u brings back what it was"
        else:
            text = f"Added a fact: {position}. On F2, t teaches it and u removes it"
        self._host.notice.done(text)

    def show_fact_error(self, fact: Fact, message: str) -> None:
        """Say why a fact is not in its file; what was written is kept for the next try at the same turn."""
        self._refused = (self._written, fact) if self._written else None
        self._host.notice.wrong(message)
