"""Help for what is in front: a screen, or a dialog over it."""

from __future__ import annotations

from garage_tui.app.tabs import TABS
from garage_tui.app.terminal_app import TerminalApp
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.help_dialog import HelpDialog, keys_of
from garage_tui.widgets.pane import Pane


def open_help(app: TerminalApp, pane: Pane) -> None:
    """Open the help of the dialog in front; where there is none, that of the screen.

    Args:
        pane: the screen in front.
    """
    front = app.screen if isinstance(app.screen, Dialog) else pane
    if front is pane:
        title = next(tab.label for tab in TABS if tab.id == pane.id)
    else:
        title = str(next(iter(app.screen.query(".box"))).border_title or "").strip()
    text, keys = app.name_keys(front.HELP), keys_of(app.screen, front)
    app.push_screen(HelpDialog(f"{title} – help", text, keys, front.HELP_PAGE))
