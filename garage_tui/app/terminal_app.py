"""An app that fits its terminal: how large it is, which signs and colours it has, and whose the mouse is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import Binding
from textual.color import Color
from textual.events import Event, Paste
from textual.geometry import Size

from garage_tui.app.theme import GARAGE, GARAGE_16
from garage_tui.core.base.sanitize import plain
from garage_tui.driver.filters.sanitize import SanitizeFilter
from garage_tui.widgets._textual_internals import driver_of

if TYPE_CHECKING:
    from textual.events import Resize
    from textual.filter import LineFilter
    from textual.theme import Theme


class TerminalApp(App[int]):
    """What every screen of the app is painted through."""

    in_ascii = False
    """Whether ASCII is all that is painted."""
    _is_small = False

    def least_size(self) -> Size:
        """Return the columns and rows that are needed by what is in front."""
        return Size(1, 1)

    def fitting_theme(self) -> Theme:
        """Return the colours for as many as the terminal has."""
        # Of 16 colours Rich takes the nearest: most of our greys would be one.
        return GARAGE_16 if self.console.color_system == "standard" and not self.no_color else GARAGE

    @cached_property
    def _own_filters(self) -> list[LineFilter]:
        """What this terminal cannot show, or shall not, taken out of every line before it is sent."""
        filters: list[LineFilter] = [SanitizeFilter()]
        if self.in_ascii:
            from garage_tui.driver.filters.ascii import AsciiFilter

            filters.append(AsciiFilter())
        if self.no_color:
            from garage_tui.driver.filters.no_color import NoColorFilter

            filters.append(NoColorFilter(Color.parse(GARAGE.background or "black")))
        return filters

    def get_line_filters(self) -> Sequence[LineFilter]:
        theirs = super().get_line_filters()
        if self.no_color:  # Textual's own answer to NO_COLOR is shades of grey
            theirs = [one for one in theirs if type(one).__name__ != "Monochrome"]
        return [*theirs, *self._own_filters]

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Paste):  # what is on a clipboard is outside text
            event.text = plain(event.text)
        await super().on_event(event)

    def get_key_display(self, binding: Binding) -> str:
        display = super().get_key_display(binding)
        if re.fullmatch(r"f\d+|tab|esc|shift\+tab", display):  # as they are written on the keys
            display = display.title()
        return self.name_keys(display)

    def name_keys(self, words: str) -> str:
        """Return words about keys with names for those that are signs, where they cannot be painted."""
        if self.in_ascii:
            from garage_tui.driver.filters.ascii import name_keys

            words = name_keys(words)
        return words

    def on_resize(self, event: Resize) -> None:
        least = self.least_size()
        small = event.size.width < least.width or event.size.height < least.height
        if small != self._is_small:
            self._is_small = small
            self.call_later(self.cover)

    def cover(self) -> None:
        """Hide everything behind a sentence while the terminal is too small, and have it back afterwards."""
        from garage_tui.widgets.too_small import TooSmall

        covered = isinstance(self.screen, TooSmall)
        if self._is_small and not covered:
            self.push_screen(TooSmall(self.least_size(), self.cover))
        elif covered and not self._is_small:
            self.pop_screen()

    def switch_mouse(self) -> str:
        """Leave the mouse to the terminal, or take it back, and return the sentence about it."""
        from garage_tui.driver.mouse_driver import MouseDriver

        if not isinstance(driver := driver_of(self), MouseDriver):
            return "there is no mouse here"
        if driver.switch_mouse():
            return "the mouse is the app's; F8 leaves it to the terminal"
        return "the mouse is the terminal's, which selects text with it; F8 takes it back"
