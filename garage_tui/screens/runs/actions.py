"""What can be done to the chosen run: pause, resume, stop, delete, another place in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import duration
from garage_tui.core.monitor.run_watcher import RunSnapshot, RunWatcher
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.prompts import Confirm, Pick

if TYPE_CHECKING:
    from garage_tui.core.runs.record import Run

_WAYS = (
    "Wait in memory: goes on at once, keeps its memory",
    "Save and leave: its memory is free, goes on from its checkpoint",
)


class RunActions(Pane):
    """The actions of the runs pane; each asks where something could be lost, and says what came of it."""

    _watcher: RunWatcher
    _stopping: str | None = None

    @property
    def chosen(self) -> RunSnapshot | None:
        """The run under the cursor."""
        raise NotImplementedError

    @property
    def lost(self) -> list[RunSnapshot]:
        """The runs that were interrupted."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        seen = self.chosen
        alive = bool(seen and seen.alive and seen.status not in ("stopping", "pausing"))
        allowed = {
            "stop": alive,
            "pause": alive and seen is not None and seen.status in ("running", "queued"),
            "resume": bool(seen and seen.resumable and not seen.held),
            "go_on": bool(seen and seen.held),
            "resume_all": bool(self.lost),
            "delete": bool(seen and not seen.alive),
            "place": bool(seen and seen.place is not None),
            "chat": bool(seen and seen.adapter),
            "report": bool(seen and (seen.adapter or seen.card or seen.draws)),
            "view": bool(seen and seen.draws),
            "duplicate": bool(seen and seen.manifest),
            "compare": bool(seen and seen.manifest),
            **dict.fromkeys(("log", "search", "hold", "wrap"), seen is not None),
            "both": seen is None or bool(seen.manifest and not seen.draws),
        }
        return allowed.get(action, True)

    async def _do(self, seen: RunSnapshot, what: Callable[[Run], object], said: str) -> bool:
        """Do something to a run in a thread, and say `said`, or what is wrong."""
        from garage_tui.core.runs import record as runs  # noqa: PLC0415

        notice = self.notice
        try:
            await asyncio.to_thread(lambda: what(runs.read_run(seen.path)))
        except (GarageError, OSError) as error:
            notice.wrong(str(error))
            return False
        notice.note(said)
        self._watcher.wake()
        return True

    @work(exclusive=True, group="run")
    async def action_stop(self) -> None:
        """Ask, then have the run save and stop."""
        from garage_tui.core.launch import control  # noqa: PLC0415 (60 ms, and most visits stop nothing)

        seen = self.chosen
        if seen is None or not seen.alive:
            return
        if seen.status == "queued":
            await self._do(seen, control.stop, f"{seen.id} was taken out of the queue")
            return
        grace = seen.manifest.stop_grace_seconds if seen.manifest else 60.0
        text = (
            f"{seen.id} saves what it has learnt and stops after the step it is in. "
            f"If that takes longer than {duration(grace)}, it is ended without saving."
        )
        if not await self.app.push_screen_wait(Confirm("Stop this run?", text, "Save and stop", "Let it go on")):
            return
        self._stopping = seen.id
        if not await self._do(seen, control.stop, f"{seen.id} was asked to stop; it is saving …"):
            self._stopping = None

    @work(exclusive=True, group="run")
    async def action_pause(self) -> None:
        """Ask which pause, then have it."""
        from garage_tui.core.launch import control  # noqa: PLC0415

        seen = self.chosen
        if seen is None:
            return
        if seen.status == "queued":
            await self._do(seen, control.pause, f"{seen.id} leaves the queue until you resume it")
            return
        way = await self.app.push_screen_wait(Pick("Pause this run", _WAYS))
        if way is None:
            return
        said = "it is saving, and leaves" if way else "after the step it is in"
        await self._do(
            seen, lambda run: control.pause(run, release=bool(way)), f"{seen.id} was asked to pause; {said} …"
        )

    @work(exclusive=True, group="run")
    async def action_resume(self) -> None:
        """Have the run go on."""
        from garage_tui.core.launch import control  # noqa: PLC0415

        if seen := self.chosen:
            how = "goes on" if seen.alive else "goes on from its newest checkpoint when its turn comes"
            await self._do(seen, control.resume, f"{seen.id} {how}")

    @work(exclusive=True, group="run")
    async def action_go_on(self) -> None:
        """Have a run that waits for its hours or for the sun go on without them."""
        from garage_tui.core.launch import control  # noqa: PLC0415

        if seen := self.chosen:
            await self._do(seen, control.resume, f"{seen.id} goes on without waiting for them")

    @work(exclusive=True, group="run")
    async def action_resume_all(self) -> None:
        """Have every interrupted run go on."""
        from garage_tui.core.launch import control  # noqa: PLC0415

        lost = self.lost
        if lost:
            names = ", ".join(seen.id for seen in lost)
            workspace = self._watcher.workspace
            await self._do(lost[0], lambda _: control.resume_all(workspace), f"resumed: {names}")

    @work(exclusive=True, group="run")
    async def action_place(self, places: int) -> None:
        """Move the run in the queue."""
        from garage_tui.core.scheduling import queue  # noqa: PLC0415

        if seen := self.chosen:
            said = f"{seen.id} starts {'earlier' if places < 0 else 'later'} now"
            await self._do(seen, lambda run: queue.move(run.path, places), said)

    @work(exclusive=True, group="run")
    async def action_delete(self) -> None:
        """Ask, then delete the run's folder."""
        from garage_tui.core.export import export_process as export  # noqa: PLC0415
        from garage_tui.core.runs import catalog  # noqa: PLC0415

        seen = self.chosen
        if seen is None or seen.alive:
            return
        size = await asyncio.to_thread(catalog.disk_bytes, seen.path)
        more = "its adapter, " if seen.adapter else "its sheets, its model, " if seen.draws else ""
        more += "its exports, " if await asyncio.to_thread(export.list_exports, seen.path) else ""
        text = f"{seen.id} goes with {more}its checkpoints and its log: {size / 1e6:.0f} MB. This cannot be undone."
        if await self.app.push_screen_wait(Confirm("Delete this run?", text, "Delete", "Keep it")):
            await self._do(seen, catalog.delete, f"{seen.id} is deleted")
