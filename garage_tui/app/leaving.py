"""How the app ends: what it saves, and what it tells the shell."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from garage_tui.app.saved_view import SavedView, save_view
from garage_tui.app.theme import GARAGE

if TYPE_CHECKING:
    from garage_tui.app.pane_switcher import PaneSwitcher
    from garage_tui.core.monitor.run_watcher import RunSnapshot
    from garage_tui.core.settings.settings import Workspace

_LEAVE_SECONDS = 5.0


class LeavingApp(Protocol):
    """The app, as far as its end needs it."""

    workspace: Workspace
    runs: tuple[RunSnapshot, ...]
    theme: str
    panes: PaneSwitcher

    def exit(self, result: int | None = None, return_code: int = 0, message: str | None = None) -> None: ...


class Leaving:
    """Ends the app, on a key or on a signal.

    Args:
        facts_file: returns the facts file that is open.
        keeps_view: whether the next start begins where this one was left.
    """

    def __init__(self, app: LeavingApp, facts_file: Callable[[], Path], *, keeps_view: bool) -> None:
        self._app, self._facts_file, self._keeps_view = app, facts_file, keeps_view

    def listen(self) -> None:
        """End in an orderly way when the terminal or the connection is closed; by default the signal would kill us."""
        for number in (signal.SIGHUP, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.leave)

    @property
    def view(self) -> SavedView:
        """What is in front now, to be there again at the next start."""
        app, facts = self._app, self._facts_file()
        name = facts.name if facts.parent == app.workspace.datasets else ""
        return SavedView(screen=app.panes.front, facts=name, theme="" if app.theme == GARAGE.name else app.theme)

    def _save_view(self) -> None:
        if self._keeps_view:
            save_view(self._app.workspace, self.view)

    def leave(self) -> None:
        """Exit because the terminal is gone, or because of a signal."""
        self._save_view()
        self._app.exit(0)
        # Output to a terminal that is gone may block for ever; everything is saved by now.
        last = threading.Timer(_LEAVE_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()

    async def quit(self) -> None:
        """Exit; living runs continue and unsaved facts are kept, and a message in the shell says so."""
        self._save_view()
        facts = self._app.panes.facts
        alive = [run.id for run in self._app.runs if run.alive]
        message = await facts.save_before_leaving() if facts else ""
        if alive:
            message += "\n" if message else ""
            garage = _command()
            message += (
                f"{', '.join(alive)} {'continues' if len(alive) == 1 else 'continue'} without the app: "
                f"`{garage}` opens it again, `{garage} stop last` stops the newest run."
            )
        self._app.exit(0, message=message or None)


def _command() -> str:
    """Return what a shell takes for `garage`: the path with which the app was started where it is not on the `PATH`."""
    if shutil.which("garage") or Path(sys.argv[0]).name != "garage":
        return "garage"
    return sys.argv[0]
