"""Switching between the screens of the app: which one is in front, and which were made so far."""

from __future__ import annotations

from collections.abc import Callable

from textual.widgets import ContentSwitcher

from garage_tui.app.tabs import least_size
from garage_tui.app.terminal_app import TerminalApp
from garage_tui.screens.facts.pane import FactsPane
from garage_tui.widgets.header import HeaderBar
from garage_tui.widgets.pane import Pane


class PaneSwitcher:
    """Makes each screen when it is first shown, and brings it to the front.

    Args:
        make: returns a new pane for the name of a screen.
        front: the name of the screen in front at the start.
    """

    def __init__(self, app: TerminalApp, make: Callable[[str], Pane], front: str) -> None:
        self._app, self._make = app, make
        self.front = front
        """The name of the screen in front."""

    def compose(self) -> ContentSwitcher:
        """Return the widget that holds the panes, with the one in front."""
        return ContentSwitcher(self._make(self.front), initial=self.front)

    @property
    def pane(self) -> Pane:
        """The pane in front."""
        return self._app.screen_stack[0].query_one(f"#{self.front}", Pane)

    @property
    def facts(self) -> FactsPane | None:
        """The Facts screen; None until it is made."""
        return next(iter(self._app.screen_stack[0].query(FactsPane)), None)

    async def add(self, name: str) -> None:
        """Make a screen without bringing it to the front."""
        await self._app.screen_stack[0].query_one(ContentSwitcher).add_content(self._make(name))

    async def show(self, name: str) -> None:
        """Bring a screen to the front; where the terminal is too small for it, say so instead."""
        if name == self.front:
            return
        app, least = self._app, least_size(name)
        if app.size.width < least.width or app.size.height < least.height:  # in a small pane of a dashboard
            here = f"{app.size.width}×{app.size.height}"
            self.pane.notice.wrong(f"That screen needs {least.width}×{least.height}; this terminal has {here}")
            return
        switcher = app.query_one(ContentSwitcher)
        self.pane.conceal()
        if not switcher.query(f"#{name}"):
            await self.add(name)
        self.front = name
        with app.batch_update():
            switcher.current = name
            app.query_one(HeaderBar).active = name
            self.pane.reveal()
