"""The model server as the chat sees it: started when it is needed, described in words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import duration, model_label
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.chat.client import ServerAddress
from garage_tui.core.models import base_models as models
from garage_tui.core.serving import server_process as server
from garage_tui.core.serving import server_state
from garage_tui.core.serving.external_server import ExternalServer
from garage_tui.core.serving.server_state import ServerSnapshot

_LOOK_SECONDS = 0.3


class ChatServer:
    """Looks at the server in a thread, and starts it at most once a question.

    Args:
        show: called on the event loop with each look.
    """

    def __init__(self, workspace: Workspace, settings: Settings, show: Callable[[ServerSnapshot], None]) -> None:
        self._workspace, self._settings, self._show = workspace, settings, show
        self._starting_since: float | None = None
        self._is_asked = False
        self._serves = ""
        self.base = settings.base_model
        """What the chat wants to be served: a base model as `core.models.find` names it."""
        self.tuned = ""
        """The model on the right whatever run is chosen; empty where that is the run's own."""

    def model_for(self, side: str, run: str) -> str:
        """Return the id of the model that answers on a side, once the server is ready.

        Args:
            run: the run that is chosen.

        Raises:
            GarageError: it offers none.
        """
        return run if side == "tuned" else self._serves

    async def look(self) -> ServerSnapshot:
        """Look once."""
        seen = await asyncio.to_thread(server_state.inspect, self._workspace)
        if seen.status != "starting":
            self._starting_since = None
        elif self._starting_since is None:
            self._starting_since = time.monotonic()
        self._serves = seen.base
        self._show(seen)
        return seen

    async def start(self) -> None:
        """Start the server if there is none.

        Raises:
            GarageError: it cannot be started.
        """
        await asyncio.to_thread(server.start, self._workspace, self._settings, self.base)
        await self.look()

    async def restart(self) -> None:
        """Stop the server if there is one, and start it with the base that is wanted."""
        await asyncio.to_thread(server.stop, self._workspace)
        await self.start()

    async def ready(self) -> ServerAddress:
        """Return the server's address once it answers; start it if need be.

        Raises:
            GarageError: it fails, or serves another base model.
        """
        wanted = await asyncio.to_thread(lambda: models.find(self.base).name)
        self._is_asked = True
        try:
            return await self._when_ready(wanted)
        finally:
            self._is_asked = False

    async def _when_ready(self, wanted: str) -> ServerAddress:
        started = False
        while True:
            seen = await self.look()
            if seen.status in server_state.LIVE_STATUSES and seen.base and seen.base != wanted:
                serves, asked = (one_line(model_label(base), 60) for base in (seen.base, wanted))
                raise GarageError(f"the model server serves {serves}, not {asked}: Ctrl+R restarts it")
            if seen.status == "asleep":
                raise GarageError(one_line(seen.reason))
            if seen.status == "ready":
                return await asyncio.to_thread(server.address, self._workspace)
            if seen.status in ("off", "failed"):
                if started:
                    raise GarageError(f"the model server failed: {one_line(seen.reason)}; Ctrl+R starts it again")
                started = True
                await self.start()
            await asyncio.sleep(_LOOK_SECONDS)

    def in_words(self, seen: ServerSnapshot) -> str:
        """Return the server's state as a sentence, with the key to press where one helps."""
        if seen.status == "ready":
            memory = f"{seen.memory / 2**30:.1f} GiB" if seen.memory else ""
            words = f"● ready · {one_line(model_label(seen.base), 60)} and the models tuned from it"
            return " · ".join(filter(None, (words, one_line(seen.engine, 40), memory)))
        if seen.status == "asleep":
            return f"◌ {one_line(seen.reason, 200)}"
        if seen.status == "off" and self._is_asked:
            return "◐ starting the model server"
        if seen.status == "starting":
            since = time.monotonic() - self._starting_since if self._starting_since else 0
            reason = one_line(seen.reason, 100)
            return " · ".join(filter(None, ("◐ starting the model server", reason, duration(since))))
        if seen.status == "failed":
            return f"✗ the model server is not running: {one_line(seen.reason, 200)} · Ctrl+R starts it again"
        return "○ the model server is off; it starts with your first question"


class ChatOther(ChatServer):
    """A server that somebody else runs, named in `[chat]`: neither started nor stopped, and its base is what it has."""

    def __init__(self, workspace: Workspace, settings: Settings, show: Callable[[ServerSnapshot], None]) -> None:
        self._other = ExternalServer(settings.chat)
        super().__init__(workspace, settings, show)
        self.tuned = settings.chat.tuned

    @property
    def base(self) -> str:
        return self._other.base

    @base.setter
    def base(self, wanted: str) -> None:
        pass  # it is not ours to choose

    def model_for(self, side: str, run: str) -> str:
        return self._other.model_for(side, run)

    async def look(self) -> ServerSnapshot:
        seen = await self._other.look()
        self._show(seen)
        return seen

    async def start(self) -> None:
        await self.restart()

    async def restart(self) -> None:
        """Ask it again."""
        self._show(await self._other.look(fresh=True))

    async def ready(self) -> ServerAddress:
        seen = await self._other.look(fresh=True)
        self._show(seen)
        if seen.status != "ready":
            raise GarageError(seen.reason)
        return self._other.address()

    def in_words(self, seen: ServerSnapshot) -> str:
        where = one_line(self._settings.chat.server, 80)
        if seen.status == "ready":
            return f"● {where} · not ours: neither started nor stopped here"
        return f"✗ {where}: {seen.reason} · Ctrl+R asks again"
