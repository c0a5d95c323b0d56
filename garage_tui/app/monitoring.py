"""The part of the app that looks: at the runs, at heat and power; and tells the screens, the header and the title."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.app import App
from textual.message import Message
from textual.reactive import reactive
from textual.worker import get_current_worker

from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.widgets.header import HeaderBar
from garage_tui.widgets.pane import Pane

if TYPE_CHECKING:
    from garage_tui.core.hardware.snapshot import HardwareSnapshot
    from garage_tui.core.hardware.watcher import HardwareWatcher
    from garage_tui.core.monitor.run_follower import RunProgress
    from garage_tui.core.monitor.run_watcher import RunSnapshot, RunWatcher
    from garage_tui.driver.title import TerminalTitle


class Monitoring(App[int]):
    """Eyes in threads of their own; what they see comes as messages."""

    workspace: Workspace
    settings: Settings

    if TYPE_CHECKING:  # what the app has
        in_ascii: bool

        @property
        def pane(self) -> Pane: ...

    runs: reactive[tuple[RunSnapshot, ...]] = reactive((), repaint=False)
    """All runs as they were last seen, the newest first."""

    look: reactive[HardwareSnapshot | None] = reactive(None, repaint=False)
    """What the gauges said last."""

    class GaugesRead(Message):
        """The gauges were read."""

        def __init__(self, look: HardwareSnapshot) -> None:
            super().__init__()
            self.look = look

    class RunsSeen(Message):
        """The watcher saw something new."""

        def __init__(self, runs: tuple[RunSnapshot, ...]) -> None:
            super().__init__()
            self.runs = runs

    class RunTold(Message):
        """The run that is followed wrote something."""

        def __init__(self, told: RunProgress) -> None:
            super().__init__()
            self.told = told

    @cached_property
    def watcher(self) -> RunWatcher:
        """The eyes on the run folders; not needed for the first paint."""
        from garage_tui.core.monitor.run_watcher import RunWatcher

        return RunWatcher(self.workspace)

    @cached_property
    def _terminal_title(self) -> TerminalTitle | None:
        from garage_tui.driver.title import TerminalTitle, has_title

        if not (self.settings.title and self._driver and has_title(os.environ)):
            return None
        return TerminalTitle(from_home(self.workspace.root), self._driver.write, self.in_ascii)

    @cached_property
    def gauges(self) -> HardwareWatcher:
        """The eyes on heat, power and memory; as above."""
        from garage_tui.core.hardware.watcher import HardwareWatcher

        return HardwareWatcher(self.workspace)

    @work(thread=True, group="watch")
    def _look_at_runs(self) -> None:
        worker = get_current_worker()
        runs: tuple[RunSnapshot, ...] | None = None
        while not worker.is_cancelled and self.is_running:
            seen = self.watcher.look()
            if seen != runs:
                runs = seen
                self.post_message(self.RunsSeen(seen))
            if told := self.watcher.listen():
                self.post_message(self.RunTold(told))
            self.watcher.wait(busy=any(run.alive for run in seen))

    def _read_gauges(self) -> None:
        # A driver may hang; a worker's thread would be waited for at the end, a daemon is not.
        threading.Thread(target=self.gauges.run, args=(self._take_look,), name="gauges", daemon=True).start()

    def _take_look(self, look: HardwareSnapshot) -> bool:
        """Take a look from the gauges' thread; False ends it."""
        return self.is_running and self.post_message(self.GaugesRead(look))

    def on_unmount(self) -> None:
        self.workers.cancel_group(self, "watch")
        self.watcher.wake()
        self.gauges.close()
        if self._terminal_title:
            self._terminal_title.close()

    def on_monitoring_gauges_read(self, event: GaugesRead) -> None:
        from garage_tui.core.hardware.readout import short

        self.look = event.look
        self.query_one(HeaderBar).gauges = short(event.look)

    def on_monitoring_runs_seen(self, event: RunsSeen) -> None:
        from garage_tui.screens.common.run_text import in_header

        self._tell_of_ends(event.runs)
        self.runs = event.runs
        self.query_one(HeaderBar).run_lines = in_header(event.runs)
        if self._terminal_title:
            self._terminal_title.show(event.runs)
        self.gauges.attend(running=any(run.alive and run.status != "queued" for run in event.runs))

    def _tell_of_ends(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Ring and say so when a run that was alive has ended, wherever the owner looks; say so when it rests."""
        from garage_tui.widgets.notice import Notice

        alive = {run.id: run for run in self.runs if run.alive}
        for run in runs:
            if run.id in alive and run.waits and not alive[run.id].waits:
                self.pane.query_one(Notice).note(f"{run.id} {run.status}: {run.reason}")
            if run.id in alive and not run.alive and run.status in self.settings.notify.on:
                if self.settings.notify.bell:
                    self.bell()
                notice = self.pane.query_one(Notice)
                why = run.reason or (run.card.words if run.card else "")
                words = f"{run.id} {run.status}{': ' if why else ''}{why}"
                (notice.wrong if run.status == "failed" else notice.done)(words)

    def on_monitoring_run_told(self, event: RunTold) -> None:
        if self.pane.id == "runs":
            self.pane.show_told(event.told)  # type: ignore[attr-defined]


def from_home(path: Path) -> str:
    """Return a path as people write it: what is in their home begins with ~."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)
