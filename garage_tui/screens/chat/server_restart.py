"""The restart of the model server, and the ways out where another program has its port."""

from __future__ import annotations

import asyncio

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.serving import server_process
from garage_tui.core.serving.port_owner import PortOwner
from garage_tui.core.settings.settings import Workspace
from garage_tui.screens.chat.asker import Asker
from garage_tui.screens.chat.host import ChatHost
from garage_tui.widgets.confirm_and_pick import Confirm, Pick

_AGAIN = "Try again (after you wrote another port into garage.toml, for example)"
_FREE = "Use any free port until it stops: this chat works, other programs do not find it"


class ServerRestart:
    """Restarts the model server; asks first where that would cut an answer, or where its port is taken."""

    def __init__(self, host: ChatHost, asker: Asker) -> None:
        self._host, self._asker = host, asker

    def restart(self) -> None:
        """Restart the model server; while an answer is coming, ask first."""
        self._host.run_worker(self._restart(), group="restart", exclusive=True)

    async def _restart(self) -> None:
        text = "The part that has arrived is kept. The rest is lost, also for other programs that use this server."
        confirm = Confirm("An answer is still coming. Restart the server?", text, "Restart", "Let it answer")
        try:
            port: int | None = None
            owner = await self._host.server.port_owner()
            # A server whose port is taken answers nothing, also while a question that it has failed is not over.
            if owner is None and self._asker.is_answering and not await self._host.ask(confirm):
                return
            if owner:
                choice = await self._ask_way_out(owner)
                if choice is None:
                    return
                port = 0 if choice == _FREE else None
            self._host.notice.note("restarting the model server …")
            await self._host.server.restart(port)
        except GarageError as error:
            self._host.notice.wrong(one_line(str(error), 300))

    async def _ask_way_out(self, owner: PortOwner) -> str | None:
        """Ask what to do about a taken port, and stop the other server if that is chosen; None if nothing is."""
        ways = [_AGAIN, _FREE]
        if owner.workspace:
            ways.insert(1, f"Stop {owner.text}, and start this one")
        choice = await self._host.ask(Pick("Its port is taken", ways, text=f"It is taken by {owner.text}."))
        if choice is None:
            return None
        if owner.workspace and choice == 1:
            await asyncio.to_thread(server_process.stop, Workspace(owner.workspace))
        return ways[choice]
