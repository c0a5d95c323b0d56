"""One of the app's screens: Facts, Runs, Chat. A pane of a ContentSwitcher, because switching panes is quick."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import Vertical
from textual.widget import Widget

from garage_tui.widgets.notice import Notice


class Pane(Vertical):
    """A screen of the app: it knows its help, and where its focus belongs."""

    HELP: ClassVar[str] = ""
    """What this screen is for, in a sentence or two; then paragraphs on what else is good to know."""
    HELP_GROUPS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Titles, each with the actions that belong together, in the order of the help."""
    HELP_PAGE: ClassVar[str] = ""
    """The page of docs/ that says more, as `guide/facts.md`; empty where there is none."""
    FIRST_FOCUS: ClassVar[str] = ""
    """Selector of the widget that has the focus when the screen is first seen."""

    _last_focus: Widget | None = None

    @property
    def notice(self) -> Notice:
        """The line in which this screen says what just happened."""
        return self.query_one(Notice)

    def reveal(self) -> None:
        """Called by the app each time the pane comes to the front."""
        target = self._last_focus if self._last_focus and self._last_focus.is_attached else None
        (target or self.query_one(self.FIRST_FOCUS)).focus(scroll_visible=False)

    def conceal(self) -> None:
        """Called by the app just before another pane comes to the front."""
        focused = self.screen.focused
        if focused is not None and self in focused.ancestors:
            self._last_focus = focused
