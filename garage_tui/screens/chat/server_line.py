"""The last line of the chat: what was just reported, then the state of the model server."""

from __future__ import annotations

import asyncio
import time

from textual.content import Content
from textual.worker import Worker

from garage_tui.core.serving.server_state import Status
from garage_tui.screens.common.chat_server import ChatServer
from garage_tui.widgets.notice import Notice

_READING_SECONDS = 8.0
"""How long a notice stays before the state of the server replaces it."""
_POLL_SECONDS = 0.5
_POLL_SECONDS_READY = 2.0
_COLOURS = {"ready": "$success", "starting": "$warning", "failed": "$error"}


class ServerLine(Notice):
    """A notice that shows the state of the model server whenever there is no newer message to read."""

    def __init__(self) -> None:
        super().__init__(id="chat-server")
        self._polling: Worker[None] | None = None
        self._state = self._message = Content()
        self._message_since = 0.0

    def start_polling(self, server: ChatServer) -> None:
        """Read the server's state now and then; the server reports it to the screen."""
        self._polling = self.run_worker(self._poll(server), group="server", exclusive=True)

    def stop_polling(self) -> None:
        if self._polling:
            self._polling.cancel()

    async def _poll(self, server: ChatServer) -> None:
        while True:
            snapshot = await server.inspect()
            await asyncio.sleep(_POLL_SECONDS_READY if snapshot.status == "ready" else _POLL_SECONDS)

    def forget(self) -> None:
        """Let the next state replace what is shown, even if that is a message that nobody had time to read."""
        self._state = self.content

    def show_state(self, text: str, status: Status) -> None:
        """Show the state of the server, unless a message is still to be read.

        Args:
            text: begins with a sign, which takes the colour of the status.
            status: the server's.
        """
        now = time.monotonic()
        if self.content is not self._state and self.content is not self._message:
            self._message, self._message_since = self.content, now
        if self.text and self.content is self._message and now - self._message_since < _READING_SECONDS:
            return
        sign = (text[:1], _COLOURS.get(status, "$muted"))
        self.content = Content.assemble(sign, (text[1:], "$muted"))
        self._state = self.content  # the one from before if both say the same: Textual keeps the first of equals
