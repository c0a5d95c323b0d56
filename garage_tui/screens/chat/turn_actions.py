"""What can be done with a turn of a chat: choose it, ask it anew, copy it, make a fact of it."""

from __future__ import annotations

import asyncio

from textual import events, work
from textual.widgets import Input

from garage_tui.core.base.sanitize import plain
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.chat import transcripts
from garage_tui.core.chat.transcripts import Side
from garage_tui.core.facts.line import Fact
from garage_tui.core.terminal import clipboard
from garage_tui.screens.chat.asking import ChatTalk
from garage_tui.screens.chat.conversations import SIDES, OpenChat
from garage_tui.screens.common.messages import FactWritten
from garage_tui.widgets.conversation import Conversation

WHOSE: dict[Side, str] = {
    "tuned": "the tuned model's answer",
    "base": "the base model's answer",
    "book": "the answer with the open book",
}
"""In the order in which a fact begins with them."""


class ChatTurns(ChatTalk):
    """The part of the chat in which the keyboard walks through the answers."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        super().__init__(workspace, settings)
        self._chosen: int | None = None
        self._in: Side = "tuned"  # the column that has, or had, the focus

    # Walking

    @property
    def walking(self) -> bool:
        """True while a conversation has the focus, not the line to type in."""
        return isinstance(self.screen.focused, Conversation)

    @property
    def _seen(self) -> list[Side]:
        return [side for side in SIDES if self.column(side).display]

    def action_answers(self) -> None:
        """Go from the line to type in to the answers, or back."""
        if self.walking:
            self.focus_now(self.query_one(Input))
        else:
            self._go(self._in if self._in in self._seen else self._seen[-1])

    def _go(self, side: Side) -> None:
        self._in = side  # at once: the next key may be here already
        self.focus_now(self.column(side))
        self._choose(self._last if self._chosen is None else self._chosen)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Conversation) and self._last is not None:  # an empty one has it at the start
            self._in = next(side for side in SIDES if self.column(side) is event.widget)
            self._choose(self._last if self._chosen is None else self._chosen)
        else:
            self._choose(None)

    @property
    def _last(self) -> int | None:
        count = len(self.column("base").turns)
        return count - 1 if count else None

    def _choose(self, place: int | None) -> None:
        last = self._last
        self._chosen = None if place is None or last is None else max(0, min(place, last))
        for side in SIDES:
            self.column(side).choose(self._chosen)

    def action_step(self, by: int) -> None:
        """Go to the turn above or below; while typing, to the question before or after."""
        if self.walking:
            if self._chosen is not None:
                self._choose(self._chosen + by)
            return
        field = self.query_one(Input)
        field.value = self.recall.back(field.value) if by < 0 else self.recall.forward(field.value)
        field.cursor_position = len(field.value)

    def action_aside(self, by: int) -> None:
        """Go to the column on the left or on the right."""
        seen = self._seen
        if self.walking and self._in in seen:
            self._go(seen[max(0, min(seen.index(self._in) + by, len(seen) - 1))])

    def _show(self, chat: OpenChat) -> None:
        super()._show(chat)
        self._choose(self._last if self.walking else None)

    # Doing something with a turn

    def action_turn(self, what: str) -> None:
        """Do something with the chosen turn, or with the newest where none is chosen."""
        turns = self.turns
        place = self._chosen if self._chosen is not None else len(turns) - 1
        notice = self.notice
        if not 0 <= place < len(turns):
            notice.wrong("nothing was asked yet")
        elif what == "edit":
            if self.talking:
                notice.note("still answering · Esc stops the answers")
            else:
                self.edit(place)
        elif what == "copy":
            self._copy(turns[place])
        else:
            self._make_fact(turns[place], exam=what == "exam")

    def _said(self, turn: transcripts.Turn) -> dict[Side, str]:
        """Return what was answered, that of the column with the focus first."""
        order = [self._in] * self.walking + list(WHOSE)
        said = {side: turn.answers[side].text.strip() for side in order if side in turn.answers}
        return {side: text for side, text in said.items() if text}

    @work(group="copy", exclusive=True)
    async def _copy(self, turn: transcripts.Turn) -> None:
        notice = self.notice
        side, text = next(iter(self._said(turn).items()), (None, ""))
        if side is None:
            notice.wrong("there is no answer to copy")
            return
        self.app.copy_to_clipboard(text)
        done = f"Copied {WHOSE[side]}, {len(text):,} character{'' if len(text) == 1 else 's'}"
        if hindered := await asyncio.to_thread(clipboard.obstacle):
            notice.wrong(f"{done}; {hindered}")
        else:
            notice.done(done)

    @work(group="form", exclusive=True)
    async def _make_fact(self, turn: transcripts.Turn, *, exam: bool) -> None:
        from garage_tui.screens.chat.fact_dialog import FactDialog, Start  # noqa: PLC0415 (not needed for the first paint)

        starts = [Start(WHOSE[side], text) for side, text in self._said(turn).items()]
        dialog = FactDialog(plain(self.facts_file.name), turn.question, starts, exam)
        fact = await self.app.push_screen_wait(dialog)
        if fact is not None:
            self.post_message(FactWritten(fact))

    def fact_kept(self, fact: Fact, where: str) -> None:
        """Say where a fact is now, and what comes next."""
        if fact.exam:
            words = f"An exam question now: {where}. Never taught; the report card asks it (x on F3)"
        else:
            words = f"A fact now: {where}. t on F2 teaches it, u there takes it back"
        self.notice.done(words)

    def fact_not_kept(self, why: str) -> None:
        """Say why a fact is not in its file."""
        self.notice.wrong(why)
