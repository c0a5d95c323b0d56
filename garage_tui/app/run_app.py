"""The door to the app: opens it where it was left, and returns how it ended."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.app.app import GarageApp
from garage_tui.app.saved_view import SavedView, load_view, save_view
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.uncaught_exceptions import passing_on
from garage_tui.core.facts.example import begin
from garage_tui.core.settings.settings import Settings, Workspace

if TYPE_CHECKING:
    from garage_tui.core.terminal.query import TerminalQuery


def run_app(
    workspace: Workspace,
    settings: Settings,
    screen: str | None = None,
    facts: Path | None = None,
    question: TerminalQuery | None = None,
    talk_to: str | None = None,
    only_ascii: str = "",
) -> int:
    """Open the app and return its exit code.

    Raises:
        GarageError: something went wrong that the app could not go on from.
    """
    for name in ("COLUMNS", "LINES"):  # if a shell exports them, Textual would ignore a resize
        os.environ.pop(name, None)
    # With --screen, as in a pane of a dashboard, the screen is always the same: such a start keeps no view.
    view = None if screen else load_view(workspace)
    app = GarageApp(workspace, settings, screen, facts, question, talk_to, only_ascii, view)
    if screen in (None, "facts"):  # a pane of a dashboard, or a chat, only shows what is there
        app.opening_note = begin(workspace)
    with passing_on(app.errors.in_thread):
        app.run(mouse=settings.mouse)
    if app.has_failed:
        save_view(workspace, SavedView())  # the next start must not fail on the same screen
        raise GarageError(f"the app cannot go on ({app.errors.last}")
    return app.return_code or 0
