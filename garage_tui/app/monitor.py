"""The monitor: watches runs and hardware in threads, and updates screens, header and terminal title."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import get_current_worker

if TYPE_CHECKING:
    from garage_tui.app.host import AppHost
    from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot
    from garage_tui.core.hardware.watcher import HardwareWatcher
    from garage_tui.core.monitor.run_follower import RunProgress
    from garage_tui.core.monitor.run_watcher import RunSnapshot, RunWatcher
    from garage_tui.driver.title import TerminalTitle


class ErrorOutside(Message):
    """An exception in a thread, or in a task of the event loop, that nobody else hears of."""

    def __init__(self, error: Exception, doing: str) -> None:
        super().__init__()
        self.error, self.doing = error, doing


class HardwareRead(Message):
    """The sensors of this box were read."""

    def __init__(self, hardware: HardwareSnapshot) -> None:
        super().__init__()
        self.hardware = hardware


class RunsChanged(Message):
    """A run folder was added, changed or deleted."""

    def __init__(self, runs: tuple[RunSnapshot, ...]) -> None:
        super().__init__()
        self.runs = runs


class RunProgressed(Message):
    """The run that the Runs screen follows wrote events or log lines."""

    def __init__(self, progress: RunProgress) -> None:
        super().__init__()
        self.progress = progress


class Monitor:
    """Owns the watchers and passes on what they find. The first paint does not need it."""

    def __init__(self, app: AppHost) -> None:
        self._app = app

    @cached_property
    def runs(self) -> RunWatcher:
        """Watches the run folders."""
        from garage_tui.core.monitor.run_watcher import RunWatcher

        return RunWatcher(self._app.workspace)

    @cached_property
    def hardware(self) -> HardwareWatcher:
        """Reads the sensors."""
        from garage_tui.core.hardware.watcher import HardwareWatcher

        return HardwareWatcher(self._app.workspace)

    @cached_property
    def _title(self) -> TerminalTitle | None:
        from garage_tui.driver.title import TerminalTitle, has_title

        if not (self._app.settings.title and has_title(os.environ)):
            return None
        return TerminalTitle(from_home(self._app.workspace.root), self._app.write_to_terminal, self._app.in_ascii)

    def watch_runs(self) -> None:
        """Start watching the run folders, in a worker thread."""
        self._app.run_worker(self._watch_runs, group="watch", thread=True)

    def watch_hardware(self) -> None:
        """Start reading the sensors, in a daemon thread.

        A driver may hang: the app would wait for a worker's thread when it ends, but not for a daemon thread.
        """
        threading.Thread(target=self.hardware.run, args=(self._post_hardware,), name="hardware", daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self.runs.wake()
        self.hardware.close()
        if self._title:
            self._title.close()

    def show(self, found: HardwareRead | RunsChanged | RunProgressed) -> None:
        """Show what a watcher found."""
        match found:
            case HardwareRead():
                self.show_hardware(found.hardware)
            case RunsChanged():
                self.show_runs(found.runs)
            case RunProgressed():
                self.show_progress(found.progress)

    def show_hardware(self, hardware: HardwareSnapshot) -> None:
        """Show new readings."""
        from garage_tui.core.hardware.reading_text import short

        self._app.hardware = hardware
        self._app.header.gauges = short(hardware)

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Show the runs as they are now."""
        from garage_tui.screens.common.run_text import header_lines

        self._announce(runs)
        self._app.runs = runs
        self._app.header.run_lines = header_lines(runs)
        if self._title:
            self._title.show(runs)
        self.hardware.set_attention(running=any(run.alive and run.status != "queued" for run in runs))

    def show_progress(self, progress: RunProgress) -> None:
        """Show what the followed run wrote, if the Runs screen is in front."""
        from garage_tui.screens.runs.pane import RunsPane

        if isinstance(pane := self._app.pane, RunsPane):
            pane.show_progress(progress)

    def _watch_runs(self) -> None:
        worker = get_current_worker()
        runs: tuple[RunSnapshot, ...] | None = None
        while not worker.is_cancelled and self._app.is_running:
            found: tuple[RunSnapshot, ...] = ()
            try:
                found = self.runs.snapshots()
                if found != runs:
                    runs = found
                    self._app.post_message(RunsChanged(found))
                if progress := self.runs.progress():
                    self._app.post_message(RunProgressed(progress))
            except Exception as error:  # one odd folder must not end the watch over all others
                self._app.post_message(ErrorOutside(error, "watching the runs"))
            self.runs.wait(busy=any(run.alive for run in found))

    def _post_hardware(self, hardware: HardwareSnapshot) -> bool:
        """Post readings from the watcher's thread; False ends it."""
        return self._app.is_running and self._app.post_message(HardwareRead(hardware))

    def _announce(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Show a notice when a run ends (with a bell) or begins to wait, whichever screen is in front."""
        alive = {run.id: run for run in self._app.runs if run.alive}
        notify, notice = self._app.settings.notify, self._app.pane.notice
        for run in runs:
            if run.id in alive and run.waiting_for and not alive[run.id].waiting_for:
                notice.note(f"{run.id} {run.status}: {run.reason}")
            if run.id in alive and not run.alive and run.status in notify.on:
                if notify.bell:
                    self._app.bell()
                why = run.reason or (run.card.text if run.card else "")
                text = f"{run.id} {run.status}{': ' if why else ''}{why}"
                (notice.wrong if run.status == "failed" else notice.done)(text)


def from_home(path: Path) -> str:
    """Return a path with `~` for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)
