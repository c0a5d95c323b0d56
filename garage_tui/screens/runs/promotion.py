"""Puts the chosen run in service, and goes back to what was in service before; asks first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.sanitize import plain
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.widgets.confirm_and_pick import Confirm, Pick

if TYPE_CHECKING:
    from garage_tui.core.runs.service import ServiceChange
    from garage_tui.screens.runs.host import RunsHost

_BASE = "the base model"


class Promotion:
    """Changes what is in service, and says what came of it."""

    def __init__(self, host: RunsHost) -> None:
        self._host = host

    def promote(self) -> None:
        """Ask, then put the chosen run in service."""
        if run := self._host.chosen:
            self._host.run_worker(self._promote(run), group="service", exclusive=True)

    def go_back(self) -> None:
        """Ask, then put in service what was there before."""
        self._host.run_worker(self._go_back(), group="service", exclusive=True)

    async def _promote(self, run: RunSnapshot) -> None:
        from garage_tui.core.runs.promotion import promote  # noqa: PLC0415 (most visits promote nothing)
        from garage_tui.core.runs.record import read_run  # noqa: PLC0415

        workspace, name = self._host.watcher.workspace, await self._lasting_name()
        now = self._host.watcher.service.run or _BASE
        card = run.card.text if run.card else "It has no report card yet: x makes one."
        text = (
            f"{run.id}\n{card}\n\nWhoever asks the server for {name} gets its answers, from the next question on. "
            f"In service now: {now}."
        )
        if await self._host.ask(Confirm("Put this run in service?", text, "Put it in service", "Change nothing")):
            await self._change(lambda: promote(workspace, read_run(run.path)))

    async def _go_back(self) -> None:
        from garage_tui.core.runs.promotion import go_back  # noqa: PLC0415

        watcher = self._host.watcher
        service, name = watcher.service, await self._lasting_name()
        earlier, now = service.earlier, service.run or _BASE
        gets = "your choice answers" if earlier else f"{_BASE} answers"
        text = f"When somebody asks the server for {name}, {gets}, from the next question on. In service now: {now}."
        if earlier is None:
            title = f"Put {_BASE} in service again?"
            if not await self._host.ask(Confirm(title, text, "Put it in service", "Change nothing")):
                return
            to_base = True
        else:
            choice = await self._host.ask(Pick("Go back to", (earlier, _BASE), text=text))
            if choice is None:
                return
            to_base = choice == 1
        await self._change(lambda: go_back(watcher.workspace, to_base=to_base))

    async def _change(self, change: Callable[[], ServiceChange | None]) -> None:
        from garage_tui.core.runs.service import read_service  # noqa: PLC0415
        from garage_tui.core.serving.server_base import restart_note  # noqa: PLC0415

        notice, workspace = self._host.notice, self._host.watcher.workspace
        try:
            made = await asyncio.to_thread(change)
        except (GarageError, OSError) as error:
            notice.wrong(reason_of(error))
            return
        if made is None:
            notice.note("it is in service already")
        else:
            service = await asyncio.to_thread(read_service, workspace)
            if note := await asyncio.to_thread(restart_note, workspace, service):
                notice.wrong(plain(f"{made.run} is in service, but does not answer yet: {note}, or Ctrl+R in the chat"))
            else:
                notice.done(f"{made.run or _BASE} is in service from the next question on")
        self._host.watcher.wake()

    async def _lasting_name(self) -> str:
        from garage_tui.core.runs.catalog import lasting_name  # noqa: PLC0415

        return await asyncio.to_thread(lasting_name, self._host.watcher.workspace)
