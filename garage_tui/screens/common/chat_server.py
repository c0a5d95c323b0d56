"""The model server as the screens use it: the workspace's own, started when it is needed, or an external one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import duration, human_bytes, model_label
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.chat.client import ServerAddress
from garage_tui.core.models import base_models
from garage_tui.core.serving import server_process, server_state
from garage_tui.core.serving.external_server import ExternalServer
from garage_tui.core.serving.port_owner import PortOwner, port_owner
from garage_tui.core.serving.server_state import ServerSnapshot
from garage_tui.core.settings.settings import Settings, Workspace, load_settings

_POLL_SECONDS = 0.3
"""Between two snapshots while a question waits for the server."""


class ChatServer(Protocol):
    """A model server that the chat can ask. What it does is reported to a callback with each snapshot."""

    @property
    def base(self) -> str:
        """The base model that answers, as `core.models.find` names it or as an external server does."""
        ...

    @property
    def tuned(self) -> str:
        """The model that answers as the tuned one whichever run is chosen; empty if that is the run's own."""
        ...

    @property
    def lasting_name(self) -> str:
        """The id of the model in service; empty if the server has none that this app knows of."""
        ...

    def choose_base(self, base: str) -> None:
        """Choose the base model of the next start; an external server keeps its own."""
        ...

    def model_for(self, side: str, run: str) -> str:
        """Return the id of the model that answers on a side, once the server is ready.

        Args:
            side: `base`, `book` or `tuned`.
            run: id of the run that is chosen, or the lasting name; empty for none.

        Raises:
            GarageError: the server has no such model.
        """
        ...

    async def inspect(self) -> ServerSnapshot:
        """Take a snapshot and report it."""
        ...

    async def restart(self, port: int | None = None) -> None:
        """Stop the server if it runs, and start it with the chosen base; an external one is only inspected again.

        Args:
            port: TCP port of this start, 0 for any free one; by default what the settings say now.

        Raises:
            GarageError: it cannot be stopped or started.
        """
        ...

    async def port_owner(self) -> PortOwner | None:
        """Return who has the port that the last start needed; None where that is not what the server lacks."""
        ...

    async def wait_until_ready(self) -> ServerAddress:
        """Return the server's address once it answers; starts it if need be.

        Raises:
            GarageError: it fails, or serves another base model.
        """
        ...

    def describe(self, snapshot: ServerSnapshot) -> str:
        """Return the server's state as a sentence after a sign, with the key to press where one helps."""
        ...


def make_chat_server(
    workspace: Workspace, settings: Settings, report: Callable[[ServerSnapshot], None], key: str = "Ctrl+R"
) -> ChatServer:
    """Return the server that the settings name, by default the workspace's own.

    Args:
        workspace: whose server it is.
        settings: with `[chat]` and `[serve]`.
        report: called on the event loop with each snapshot.
        key: the key that starts the server again, for what is said when it fails.
    """
    if settings.chat.server:
        return ExternalChatServer(settings, report, key)
    return EmbeddedChatServer(workspace, settings, report, key)


class EmbeddedChatServer:
    """The server of the workspace: started with the first question, at most once a question."""

    tuned = ""

    def __init__(
        self, workspace: Workspace, settings: Settings, report: Callable[[ServerSnapshot], None], key: str
    ) -> None:
        self._workspace, self._settings, self._report, self._key = workspace, settings, report, key
        self._starting_since: float | None = None
        self._is_awaited = False
        """True while a question waits for the server."""
        self._served_base = ""
        self._base = settings.base_model
        self._name = settings.serve.name
        self._taken_port: int | None = None

    @property
    def base(self) -> str:
        return self._base

    @property
    def lasting_name(self) -> str:
        return self._name

    def choose_base(self, base: str) -> None:
        self._base = base

    def model_for(self, side: str, run: str) -> str:
        return run if side == "tuned" else self._served_base

    async def inspect(self) -> ServerSnapshot:
        snapshot = await asyncio.to_thread(server_state.inspect, self._workspace)
        if snapshot.status != "starting":
            self._starting_since = None
        elif self._starting_since is None:
            self._starting_since = time.monotonic()
        self._served_base, self._taken_port = snapshot.base, snapshot.taken_port
        self._name = snapshot.name or self._name  # of a server that runs since before the settings changed
        self._report(snapshot)
        return snapshot

    async def _start(self, port: int | None = None) -> None:
        await asyncio.to_thread(server_process.start, self._workspace, self._settings, self._base, port=port)
        await self.inspect()

    async def restart(self, port: int | None = None) -> None:
        await asyncio.to_thread(server_process.stop, self._workspace)
        if self._taken_port is not None:  # the user may have written another one into the settings
            settings = await asyncio.to_thread(load_settings, self._workspace)
            serve = msgspec.structs.replace(self._settings.serve, port=settings.serve.port)
            self._settings = msgspec.structs.replace(self._settings, serve=serve)
        await self._start(port)

    async def port_owner(self) -> PortOwner | None:
        await self.inspect()
        return None if self._taken_port is None else await asyncio.to_thread(port_owner, self._taken_port)

    async def wait_until_ready(self) -> ServerAddress:
        base = await asyncio.to_thread(lambda: base_models.find(self._base).name)
        self._is_awaited = True
        try:
            return await self._wait_until_ready(base)
        finally:
            self._is_awaited = False

    async def _wait_until_ready(self, base: str) -> ServerAddress:
        started = False
        while True:
            snapshot = await self.inspect()
            if snapshot.status in server_state.LIVE_STATUSES and snapshot.base and snapshot.base != base:
                served, requested = (one_line(model_label(name), 60) for name in (snapshot.base, base))
                raise GarageError(f"the model server serves {served}, not {requested}: {self._key} restarts it")
            if snapshot.status == "asleep":
                raise GarageError(one_line(snapshot.reason))
            if snapshot.status == "ready":
                return await asyncio.to_thread(server_process.address, self._workspace)
            if snapshot.status in ("off", "failed"):
                if started:
                    raise GarageError(
                        f"the model server failed: {one_line(snapshot.reason, 300)}; {self._next_step(snapshot)}"
                    )
                started = True
                await self._start()
            await asyncio.sleep(_POLL_SECONDS)

    def describe(self, snapshot: ServerSnapshot) -> str:
        if snapshot.status == "ready":
            memory = human_bytes(snapshot.memory, binary=True) if snapshot.memory else ""
            ready = f"● ready · {one_line(model_label(snapshot.base), 60)} and its tuned models"
            note = one_line(snapshot.reason, 200)
            engine = one_line(snapshot.engine, 40).partition(" (")[0]  # with its version it would take a second line
            return " · ".join(filter(None, (ready, memory, engine, note)))
        if snapshot.status == "asleep":
            return f"◌ {one_line(snapshot.reason, 200)}"
        if snapshot.status == "off" and self._is_awaited:
            return "◐ starting the model server"
        if snapshot.status == "starting":
            since = time.monotonic() - self._starting_since if self._starting_since else 0
            reason = one_line(snapshot.reason, 100)
            return " · ".join(filter(None, ("◐ starting the model server", reason, duration(since))))
        if snapshot.status == "failed":
            reason = one_line(snapshot.reason, 200)
            return f"✗ the model server is not running: {reason} · {self._next_step(snapshot)}"
        return "○ the model server is off; it starts with your first question"

    def _next_step(self, snapshot: ServerSnapshot) -> str:
        """Return what to do about a server that failed."""
        if snapshot.taken_port is not None:
            return "Ctrl+R on Chat (F4) offers ways out"
        return f"{self._key} starts it again"


class ExternalChatServer:
    """The server that `[chat]` names. It is neither started nor stopped, and its base model is what it offers."""

    lasting_name = ""

    def __init__(self, settings: Settings, report: Callable[[ServerSnapshot], None], key: str) -> None:
        self._key = key
        self._external = ExternalServer(settings.chat)
        self._report = report
        self._url = settings.chat.server
        self.tuned = settings.chat.tuned

    @property
    def base(self) -> str:
        return self._external.base

    def choose_base(self, base: str) -> None:
        pass

    def model_for(self, side: str, run: str) -> str:
        return self._external.model_for(side, run)

    async def inspect(self) -> ServerSnapshot:
        snapshot = await self._external.inspect()
        self._report(snapshot)
        return snapshot

    async def port_owner(self) -> PortOwner | None:
        return None

    async def restart(self, port: int | None = None) -> None:
        self._report(await self._external.inspect(fresh=True))

    async def wait_until_ready(self) -> ServerAddress:
        snapshot = await self._external.inspect(fresh=True)
        self._report(snapshot)
        if snapshot.status != "ready":
            raise GarageError(snapshot.reason)
        return self._external.address()

    def describe(self, snapshot: ServerSnapshot) -> str:
        url = one_line(self._url, 80)
        if snapshot.status == "ready":
            return f"● {url} · an external server: this app neither starts nor stops it"
        return f"✗ {url}: {snapshot.reason} · {self._key} tries again"
