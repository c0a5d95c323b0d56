"""Keys that come faster than they are handled: each meets the screen as the key before it has left it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from garage_tui.widgets._textual_internals import waits_for_messages

if TYPE_CHECKING:
    from textual.events import Key, Paste
    from textual.message import Message
    from textual.screen import Screen
    from textual.widget import Widget

PATIENCE = 0.5
"""Seconds after which a key no longer waits for the one before it, whose action may take long."""
_QUIET_TURNS = 3
"""Turns of the event loop without a waiting message after which all that a key causes has happened."""


class TypedAheadHost(Protocol):
    """The app, as far as it hands out keys."""

    @property
    def focused(self) -> Widget | None: ...
    @property
    def screen(self) -> Screen[object]: ...
    def post_message(self, message: Message) -> bool: ...


class TypedAhead:
    """Hands out keys and pasted texts one at a time, in their order.

    Over a slow line several keys come at once. Textual gives each to the widget that has the focus when it is read.
    So a key behind an Esc that closes a field or a dialog would go to what is closed by then.
    """

    def __init__(self, app: TypedAheadHost) -> None:
        self._app = app
        self._current: Key | Paste | None = None
        self._waiting: deque[Key | Paste] = deque()
        self._settling: asyncio.Task[None] | None = None
        self._taken_by: Widget | None = None

    def holds(self, event: Key | Paste) -> bool:
        """Return whether a key has to wait; it comes again, as a message to the app, when its turn is."""
        if event is self._current:
            return False
        if self._current is None:
            self._begin(event)
            return False
        self._waiting.append(event)
        return True

    def done(self, event: Key | Paste) -> None:
        """Take note that the widgets have handled a key; what it causes may still be on its way."""
        if event is self._current and self._settling is None:
            self._settling = asyncio.get_running_loop().create_task(self._settle())

    def _begin(self, event: Key | Paste) -> None:
        self._current, self._taken_by = event, self._app.focused
        asyncio.get_running_loop().call_later(PATIENCE, self.done, event)

    async def _settle(self) -> None:
        """Wait until all that the key causes has happened, then give the next one its turn."""
        end, quiet = time.monotonic() + PATIENCE, 0
        while quiet < _QUIET_TURNS and time.monotonic() < end:
            quiet = 0 if self._is_busy() else quiet + 1
            await asyncio.sleep(0)
        self._current, self._settling = None, None
        if self._waiting:
            event = self._waiting.popleft()
            self._begin(event)
            self._app.post_message(event)

    def _is_busy(self) -> bool:
        """Return whether a dialog is being opened, or a message waits for whom the key has concerned."""
        screen = self._app.screen
        return not screen.is_mounted or waits_for_messages(self._taken_by, self._app.focused or screen)
