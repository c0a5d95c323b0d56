"""Commands to the chosen run: pause, resume, stop, delete, move in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import duration
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.widgets.prompts import Confirm, Pick

if TYPE_CHECKING:
    from garage_tui.core.runs.record import Run
    from garage_tui.screens.runs.host import RunsHost

_PAUSES = (
    "Wait in memory: goes on at once, keeps its memory",
    "Save and leave: its memory is free, goes on from its checkpoint",
)


class RunCommands:
    """Sends commands to the chosen run; asks before something could be lost, and says what came of it."""

    def __init__(self, host: RunsHost) -> None:
        self._host = host
        self._stopping: str | None = None

    def stop(self) -> None:
        """Ask, then have the run save and stop."""
        self._start(self._stop())

    def pause(self) -> None:
        """Ask which kind of pause, then pause the run."""
        self._start(self._pause())

    def resume(self) -> None:
        """Have the run go on."""
        self._start(self._resume("goes on", "goes on from its newest checkpoint when its turn comes"))

    def go_on(self) -> None:
        """Have a run that waits for its hours or for the sun go on without them."""
        words = "goes on without waiting for them"
        self._start(self._resume(words, words))

    def resume_all(self) -> None:
        """Have every interrupted run go on."""
        self._start(self._resume_all())

    def move(self, positions: int) -> None:
        """Move the run in the queue; a negative number moves it towards the front."""
        self._start(self._move(positions))

    def delete(self) -> None:
        """Ask, then delete the run's folder."""
        self._start(self._delete())

    def report_stop(self, run: RunSnapshot) -> None:
        """Say so once when the run that was asked to stop has stopped."""
        if run.id != self._stopping or run.alive:
            return
        self._stopping = None
        saved = "its adapter is saved" if run.adapter else "there was nothing to save"
        self._host.notice.done(f"{run.id} has stopped; {run.reason or saved}")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._host.run_worker(work, group="run", exclusive=True)

    async def _send(self, run: RunSnapshot, command: Callable[[Run], object], done: str) -> bool:
        """Run `command` on a run in a thread and say `done`, or what went wrong."""
        from garage_tui.core.runs.record import read_run  # noqa: PLC0415

        notice = self._host.notice
        try:
            await asyncio.to_thread(lambda: command(read_run(run.path)))
        except (GarageError, OSError) as error:
            notice.wrong(str(error))
            return False
        notice.note(done)
        self._host.watcher.wake()
        return True

    async def _stop(self) -> None:
        from garage_tui.core.launch import control  # noqa: PLC0415 (60 ms, and most visits stop nothing)

        run = self._host.chosen
        if run is None or not run.alive:
            return
        if run.status == "queued":
            await self._send(run, control.stop, f"{run.id} was taken out of the queue")
            return
        grace = run.manifest.stop_grace_seconds if run.manifest else 60.0
        text = (
            f"{run.id} saves what it has learnt and stops after the step it is in. "
            f"If that takes longer than {duration(grace)}, it is ended without saving."
        )
        if not await self._host.ask(Confirm("Stop this run?", text, "Save and stop", "Let it go on")):
            return
        self._stopping = run.id
        if not await self._send(run, control.stop, f"{run.id} was asked to stop; it is saving …"):
            self._stopping = None

    async def _pause(self) -> None:
        from garage_tui.core.launch import control  # noqa: PLC0415

        run = self._host.chosen
        if run is None:
            return
        if run.status == "queued":
            await self._send(run, control.pause, f"{run.id} leaves the queue until you resume it")
            return
        kind = await self._host.ask(Pick("Pause this run", _PAUSES))
        if kind is None:
            return
        how = "it is saving, and leaves" if kind else "after the step it is in"
        await self._send(
            run, lambda record: control.pause(record, release=bool(kind)), f"{run.id} was asked to pause; {how} …"
        )

    async def _resume(self, alive: str, ended: str) -> None:
        from garage_tui.core.launch import control  # noqa: PLC0415

        if run := self._host.chosen:
            await self._send(run, control.resume, f"{run.id} {alive if run.alive else ended}")

    async def _resume_all(self) -> None:
        from garage_tui.core.launch import control  # noqa: PLC0415

        if runs := self._host.interrupted:
            names = ", ".join(run.id for run in runs)
            workspace = self._host.watcher.workspace
            await self._send(runs[0], lambda _: control.resume_all(workspace), f"resumed: {names}")

    async def _move(self, positions: int) -> None:
        from garage_tui.core.scheduling import queue  # noqa: PLC0415

        if run := self._host.chosen:
            done = f"{run.id} starts {'earlier' if positions < 0 else 'later'} now"
            await self._send(run, lambda record: queue.move(record.path, positions), done)

    async def _delete(self) -> None:
        from garage_tui.core.export import export_process as export  # noqa: PLC0415
        from garage_tui.core.runs import catalog  # noqa: PLC0415

        run = self._host.chosen
        if run is None or run.alive:
            return
        size = await asyncio.to_thread(catalog.disk_bytes, run.path)
        more = "its adapter, " if run.adapter else "its sheets, its model, " if run.draws else ""
        more += "its exports, " if await asyncio.to_thread(export.list_exports, run.path) else ""
        text = f"{run.id} goes with {more}its checkpoints and its log: {size / 1e6:.0f} MB. This cannot be undone."
        if await self._host.ask(Confirm("Delete this run?", text, "Delete", "Keep it")):
            await self._send(run, catalog.delete, f"{run.id} is deleted")
