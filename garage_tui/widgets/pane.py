"""The base class of the app's screens: panes of a ContentSwitcher, because it switches fast."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.containers import Vertical
from textual.geometry import Size
from textual.widget import Widget

from garage_tui.widgets._textual_internals import bindings_of
from garage_tui.widgets.notice import Notice


class Pane(Vertical):
    """A screen of the app, with its help and the widget that gets the focus."""

    HELP: ClassVar[str] = ""
    """What the screen is for, in one or two sentences; further paragraphs say more."""
    HELP_GROUPS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """The groups of keys in the help, in order: (title, actions separated by spaces)."""
    HELP_PAGE: ClassVar[str] = ""
    """The page of docs/ that says more, as `guide/facts.md`; empty if there is none."""
    FIRST_FOCUS: ClassVar[str] = ""
    """Selector of the widget that has the focus when the screen is first shown."""

    _last_focus: Widget | None = None
    _laid_out = Size(0, 0)
    """The size that the pane was last laid out for."""

    @property
    def notice(self) -> Notice:
        """The line in which this screen says what just happened."""
        return self.query_one(Notice)

    def reveal(self) -> None:
        """Set the focus; the app calls this each time the pane comes to the front."""
        target = self._last_focus if self._last_focus and self._last_focus.is_attached else None
        (target or self.query_one(self.FIRST_FOCUS)).focus(scroll_visible=False)

    def is_resized(self, event: events.Resize) -> bool:
        """Return whether a `Resize` brings another size than the one before: it also comes with every `reveal`."""
        before, self._laid_out = self._laid_out, event.size
        return event.size != before

    def conceal(self) -> None:
        """Remember the focus; the app calls this just before another pane comes to the front."""
        focused = self.screen.focused
        if focused is not None and self in focused.ancestors:
            self._last_focus = focused

    def why_unavailable(self, action: str) -> str:
        """Return why an action has nothing to do now; empty where there is nothing to say."""
        return ""

    async def on_key(self, event: events.Key) -> None:
        """Say why a key of this screen does nothing now, where it does nothing."""
        action = next((binding.action for key, binding in bindings_of(self) if key == event.key), "")
        if not action or event.key in self.screen.active_bindings:
            return
        if why := self.why_unavailable(action.partition("(")[0]):
            self.notice.note(why)
