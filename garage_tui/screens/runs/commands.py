"""Commands to the chosen run: pause, resume, stop, delete, move in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import duration, human_bytes, ordinal
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.folder import ENDED
from garage_tui.widgets.confirm_and_pick import Confirm, Pick

if TYPE_CHECKING:
    from garage_tui.core.runs.record import Run
    from garage_tui.screens.runs.host import RunsHost

_PAUSES = (
    "Wait in memory (usual): resumes at once, keeps its memory",
    "Save and leave: frees its memory, resumes from its checkpoint",
)


def _resume_in_service(run: RunSnapshot) -> Confirm:
    """Return the question before the run in service is trained on."""
    text = (
        f"{run.id} is in service. Until it has finished or is stopped again, whoever asks for the model in service "
        "gets an error. To avoid that, put another run in service first (P), or go back (B)."
    )
    return Confirm("Resume the run in service?", text, "Resume", "Keep it as it is")


class RunCommands:
    """Sends commands to the chosen run; asks before something could be lost, and says what came of it."""

    def __init__(self, host: RunsHost) -> None:
        self._host = host
        self._stopping = ""
        """The id of the run that was asked to stop."""
        self._pausing = ""
        """The id of the run that was asked to pause."""
        self._deleted = ""
        """The id of the run that was deleted here last: the notice says so."""
        self._known: frozenset[str] = frozenset()

    def stop(self) -> None:
        """Ask, then let the run save and stop."""
        self._start(self._stop())

    def pause(self) -> None:
        """Ask which kind of pause, then pause the run."""
        self._start(self._pause())

    def resume(self) -> None:
        """Resume the run; one that has not paused yet simply goes on."""
        self._pausing = ""
        self._start(self._resume("resumed", "resumed: it is in the queue and continues from its newest checkpoint"))

    def go_on(self) -> None:
        """Start a run that waits for its hours, the sun, a GPU or memory without that wait."""
        self._start(self._resume("starts now, without waiting"))

    def resume_all(self) -> None:
        """Resume every interrupted run."""
        self._start(self._resume_all())

    def move(self, positions: int) -> None:
        """Move the run in the queue; a negative number moves it towards the front."""
        self._start(self._move(positions))

    def delete(self) -> None:
        """Ask, then delete the run's folder."""
        self._start(self._delete())

    def update(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Say so once when a run has stopped or paused as it was asked to; end a notice about a run that is gone."""
        notice = self._host.notice
        ids = frozenset(run.id for run in runs)
        if any(gone in notice.text and gone != self._deleted for gone in self._known - ids):
            notice.clear()
        self._known = ids
        for run in runs:
            over = not run.alive or run.status in ENDED  # its processes exit a moment after its end
            if run.id == self._stopping and over:
                self._stopping = ""
                saved = "its adapter is saved" if run.adapter else "there was nothing to save"
                notice.done(f"{run.id} has stopped; {run.reason or saved}")
            elif run.id == self._pausing and (run.status == "paused" or over):
                self._pausing = ""
                resume = ": press p to resume it" if run.resumable else ""
                notice.done(f"{run.id} is {run.status}{resume}")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._host.run_worker(work, group="run", exclusive=True)

    async def _send(
        self, run: RunSnapshot, command: Callable[[Run], object], done: str = "", *, at_once: bool = False
    ) -> bool:
        """Run `command` on a run in a thread and say `done` (by default what it returns), or what went wrong.

        Args:
            at_once: say `done` before the command, whose effect can be seen, and said, before it returns here.
        """
        from garage_tui.core.runs.record import read_run  # noqa: PLC0415

        notice = self._host.notice
        if at_once:
            notice.note(done)
        try:
            result = await asyncio.to_thread(lambda: command(read_run(run.path)))
        except (GarageError, OSError) as error:
            notice.wrong(reason_of(error))
            return False
        if not at_once:
            notice.note(done or str(result))
        self._host.watcher.wake()
        return True

    async def _stop(self) -> None:
        from garage_tui.core.launch import run_control  # noqa: PLC0415 (60 ms, and most visits stop nothing)

        run = self._host.chosen
        if run is None or not run.alive:
            return
        if run.status == "queued":
            await self._send(run, run_control.stop, f"{run.id} was removed from the queue")
            return
        grace = run.manifest.stop_grace_seconds if run.manifest else 60.0
        text = (
            f"{run.id} saves what it has learned and stops after the current step. "
            f"If that takes longer than {duration(grace)}, it is ended without saving."
        )
        if not await self._host.ask(Confirm("Stop this run?", text, "Save and stop", "Keep it running")):
            return
        self._stopping = run.id
        if not await self._send(
            run,
            run_control.stop,
            f"{run.id}: saving and stopping after {'this' if run.state and run.state.step else 'its first'} step …",
            at_once=True,
        ):
            self._stopping = ""

    async def _pause(self) -> None:
        from garage_tui.core.launch import run_control  # noqa: PLC0415

        run = self._host.chosen
        if run is None:
            return
        if run.status == "queued":
            await self._send(run, run_control.pause, f"{run.id} left the queue: resume it to put it back")
            return
        # At another place, nobody keeps an allocation that is idle: such a run saves and leaves.
        kind = 1 if run.place else await self._host.ask(Pick("Pause this run", _PAUSES))
        if kind is None:
            return
        started = bool(run.state and run.state.step)
        done = (
            f"{run.id}: {'saving and leaving' if kind else 'pausing'} after {'this' if started else 'its first'} step …"
        )
        self._pausing = run.id
        if not await self._send(run, lambda record: run_control.pause(record, release=bool(kind)), done, at_once=True):
            self._pausing = ""

    async def _resume(self, done: str, done_if_ended: str = "") -> None:
        from garage_tui.core.launch import run_control  # noqa: PLC0415

        run = self._host.chosen
        if run is None:
            return
        agreed: bool | None = True
        if run.service and not run.alive:
            agreed = await self._host.ask(_resume_in_service(run))
        if agreed:
            await self._send(run, run_control.resume, f"{run.id} {done if run.alive else done_if_ended or done}")

    async def _resume_all(self) -> None:
        from garage_tui.core.launch import run_control  # noqa: PLC0415

        if runs := self._host.interrupted:
            names = ", ".join(run.id for run in runs)
            workspace = self._host.watcher.workspace
            await self._send(runs[0], lambda _: run_control.resume_all(workspace), f"resumed: {names}")

    async def _move(self, positions: int) -> None:
        from garage_tui.core.scheduling import queue  # noqa: PLC0415

        def move(record: Run) -> str:
            waiting = queue.order()
            if record.manifest is not None and record.manifest.place:
                return f"{record.id} waits at {record.manifest.place}: the queue there decides the order"
            before = waiting.index(record.path) if record.path in waiting else -1
            after = queue.move(record.path, positions)
            where = f"{ordinal(after)} of {len(waiting)} in the queue"
            if after == before:
                return f"{record.id} stays where it is: {where}"
            return f"{record.id} moved {'up' if positions < 0 else 'down'}: {where}"

        if run := self._host.chosen:
            await self._send(run, move)

    async def _delete(self) -> None:
        from garage_tui.core.export import export_process as export  # noqa: PLC0415
        from garage_tui.core.runs import catalog, deletion  # noqa: PLC0415

        run = self._host.chosen
        if run is None or run.alive:
            return
        if run.service:
            in_service = f"{run.id} is in service and cannot be deleted: put another run in service (P), or go back (B)"
            self._host.notice.wrong(in_service)
            return
        size = await asyncio.to_thread(catalog.disk_bytes, run.path)
        more = "its adapter, " if run.adapter else "its contact sheets, its model, " if run.draws else ""
        more += "its exports, " if await asyncio.to_thread(export.list_exports, run.path) else ""
        text = f"{run.id}\n\nThis deletes {more}its checkpoints and its log: {human_bytes(size)}. It cannot be undone."
        if await self._host.ask(Confirm("Delete this run?", text, "Delete", "Keep it")):
            self._deleted = run.id
            await self._send(run, deletion.delete, f"{run.id} was deleted")
