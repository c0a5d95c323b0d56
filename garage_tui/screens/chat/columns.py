"""The columns of the chat, as many as have room; its last line; and the way out."""

from __future__ import annotations

import asyncio
import time

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input
from textual.worker import Worker

from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.chat.transcripts import Side
from garage_tui.core.serving.server_state import ServerSnapshot
from garage_tui.screens.chat.conversations import SIDES
from garage_tui.screens.chat.turn_actions import ChatTurns
from garage_tui.widgets.conversation import Conversation
from garage_tui.widgets.notice import Notice

_ASK_BOTH, _ASK_ALL = "Ask both models …", "Ask all three …"
_WIDE: tuple[tuple[Side, ...], ...] = (("base", "tuned"), ("base", "book", "tuned"))
_NARROW: tuple[tuple[Side, ...], ...] = (("base", "tuned"), ("book", "tuned"), ("base", "book"))
"""Which columns are seen, one after the other; in all but the first the open book is asked too."""
_ROOM = 100
"""Columns of the terminal from which three conversations have room beside each other."""
_SAID_SECONDS = 8.0
"""How long the last line says what was just done, before it says again what the server does."""


class ChatColumns(ChatTurns):
    """The part of the chat that is seen."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        super().__init__(workspace, settings)
        self.view = 0
        """Which choice of columns is seen."""
        self._watch: Worker[None] | None = None
        self._server_words = self._read_first = Content()
        self._since = 0.0
        self._titled = ""

    def show_titles(self) -> None:
        """Say on each column who answers there."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Horizontal(id="chat-columns"):
            for side in SIDES:
                yield Conversation(side)
        yield Notice(id="chat-server")
        field = Input(placeholder=_ASK_BOTH, id="chat-input", compact=True, select_on_focus=False)
        field.cursor_blink = False  # a blinking cursor repaints for ever
        yield field

    def reveal(self) -> None:
        super().reveal()
        self._watch = self._watch_server()

    def conceal(self) -> None:
        super().conceal()
        if self._watch:
            self._watch.cancel()

    # The last line

    @work(group="server", exclusive=True)
    async def _watch_server(self) -> None:
        while True:
            seen = await self.server.look()
            await asyncio.sleep(2.0 if seen.status == "ready" else 0.5)

    def show_server(self, seen: ServerSnapshot) -> None:
        if self.server.base != self._titled:  # somebody else's server has said what it has
            self._titled = self.server.base
            self.show_titles()
        words = self.server.in_words(seen)
        colour = {"ready": "$success", "starting": "$warning", "failed": "$error"}.get(seen.status, "$muted")
        content = Content.assemble((words[:1], colour), (words[1:], "$muted"))
        notice, now = self.notice, time.monotonic()
        if notice.content is not self._server_words and notice.content is not self._read_first:
            self._read_first, self._since = notice.content, now
        if notice.text and notice.content is self._read_first and now - self._since < _SAID_SECONDS:
            return  # what was just said is read first
        self._server_words = notice.content = content

    # Columns

    def on_resize(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        """Show the columns that were chosen, or of three the two that have room."""
        views = _WIDE if self.app.size.width >= _ROOM else _NARROW
        self.view = min(self.view, len(views) - 1)
        for side in SIDES:
            self.column(side).display = side in views[self.view]
        self.query_one(Input).placeholder = _ASK_ALL if self.view else _ASK_BOTH
        if self.walking and not self.column(self._in).display:
            self._go(self._seen[-1])

    def action_columns(self) -> None:
        """Show the next choice of columns."""
        views = _WIDE if self.app.size.width >= _ROOM else _NARROW
        self.view = (self.view + 1) % len(views)
        self.lay_out()
        self.show_titles()
        if views is _NARROW and self.view:
            unseen = next(side for side in SIDES if side not in views[self.view])
            name = {"base": "the base model", "book": "the open book", "tuned": "the tuned model"}[unseen]
            self.notice.note(f"All three are asked; here is room for two. Ctrl+O again shows {name} too")

    def action_scroll(self, pages: int) -> None:
        for column in self.query(Conversation):
            column.scroll_relative(y=pages * max(1, column.size.height - 2), animate=False)

    # Stopping, and leaving

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.talking
        if action == "leave":
            return self.walking or self.editing is not None
        return True

    def action_stop(self) -> None:
        self.stop()

    def action_leave(self) -> None:
        """Go back to the line to type in; there, give up to ask a question anew."""
        field = self.query_one(Input)
        if self.walking:
            self.focus_now(field)
        else:
            self.edit(None)
            field.value = ""
