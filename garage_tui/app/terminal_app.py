"""The base of the app that adapts to its terminal: size, character set, colours and mouse."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import Binding
from textual.color import Color
from textual.events import Event, Key, Paste
from textual.geometry import Size

from garage_tui.app.theme import GARAGE, GARAGE_16, VARIABLES, readable
from garage_tui.app.typed_ahead import TypedAhead
from garage_tui.core.base.sanitize import plain
from garage_tui.driver.filters.filter_chain import FilterChain
from garage_tui.driver.filters.sanitize_filter import SanitizeFilter
from garage_tui.widgets._textual_internals import GuardedApp, driver_of, forget_sender

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.events import Resize
    from textual.filter import LineFilter
    from textual.theme import Theme


class TerminalApp(GuardedApp):
    """An app that filters its output for the terminal, and covers itself where that is too small.

    Args:
        theme: the theme of the start; by default, or where there is none of that name, the garage's own.
    """

    in_ascii = False
    """True if only ASCII is painted."""
    _is_small = False
    _is_made = False
    _chain: FilterChain | None = None

    def __init__(self, driver_class: type[Driver] | None = None, theme: str = "") -> None:
        super().__init__(driver_class=driver_class)
        self._typed_ahead = TypedAhead(self)
        self.register_theme(self.fitting_theme())
        # Assigning the theme would parse every style sheet twice: 20 ms of the first paint.
        self.set_reactive(App.theme, theme if theme in self.available_themes else GARAGE.name)
        self._is_made = True
        self.stylesheet.set_variables(self.get_css_variables())

    def least_size(self) -> Size:
        """Return the smallest columns and rows for the screen in front."""
        return Size(1, 1)

    def fitting_theme(self) -> Theme:
        """Return the theme for the number of colours that the terminal has."""
        # With 16 colours Rich takes the nearest one: most of our greys would be the same.
        return GARAGE_16 if self.console.color_system == "standard" and not self.no_color else GARAGE

    def get_css_variables(self) -> dict[str, str]:
        if not self._is_made:  # Textual asks for those of its own theme first, with which nothing is ever painted
            return {}
        variables = super().get_css_variables()
        if self.theme != GARAGE.name:
            variables = self.theme_variables = readable(variables)
        return variables

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    @cached_property
    def _own_filters(self) -> list[LineFilter]:
        """Filters that remove from every line what the terminal cannot show, or should not receive."""
        filters: list[LineFilter] = [SanitizeFilter()]
        if self.in_ascii:
            from garage_tui.driver.filters.ascii_filter import AsciiFilter

            filters.append(AsciiFilter())
        if self.no_color:
            from garage_tui.driver.filters.no_color_filter import NoColorFilter

            filters.append(NoColorFilter(Color.parse(GARAGE.background or "black")))
        return filters

    def get_line_filters(self) -> Sequence[LineFilter]:
        theirs = super().get_line_filters()
        if self.no_color:  # Textual itself shows shades of grey for NO_COLOR
            theirs = [one for one in theirs if type(one).__name__ != "Monochrome"]
        filters = (*theirs, *self._own_filters)
        if self._chain is None or self._chain.filters != filters:  # Textual makes new ones for another theme
            self._chain = FilterChain(filters)
        return [self._chain]

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Paste):  # a clipboard holds untrusted text
            event.text = plain(event.text)
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            forget_sender(event)
            if self._typed_ahead.holds(event):
                return
        await super().on_event(event)

    def take_handled(self, event: Key | Paste) -> None:
        self._typed_ahead.done(event)

    def get_key_display(self, binding: Binding) -> str:
        display = super().get_key_display(binding)
        if re.fullmatch(r"f\d+|tab|esc|shift\+tab", display):  # as they are printed on the keys
            display = display.title()
        return self.name_keys(display)

    def name_keys(self, text: str) -> str:
        """Return a text with names in place of key symbols, if the terminal cannot show those."""
        if self.in_ascii:
            from garage_tui.driver.filters.ascii_filter import name_keys

            text = name_keys(text)
        return text

    def on_resize(self, event: Resize) -> None:
        least = self.least_size()
        small = event.size.width < least.width or event.size.height < least.height
        if small != self._is_small:
            self._is_small = small
            self.call_later(self.cover)

    def cover(self) -> None:
        """Cover the app with a sentence while the terminal is too small; uncover it afterwards."""
        from garage_tui.widgets.too_small import TooSmall

        covered = isinstance(self.screen, TooSmall)
        if self._is_small and not covered:
            self.push_screen(TooSmall(self.least_size(), self.cover))
        elif covered and not self._is_small:
            self.pop_screen()

    def switch_mouse(self) -> str:
        """Toggle whether the app or the terminal gets the mouse, and return a sentence on it."""
        from garage_tui.driver.mouse_driver import MouseDriver

        if not isinstance(driver := driver_of(self), MouseDriver):
            return "This terminal has no mouse"
        if driver.switch_mouse():
            return "Mouse on: clicks and the wheel go to the app"
        return "Mouse off: the terminal selects text; F8 turns it on again"

    def action_redraw(self) -> None:
        """Send the whole screen to the terminal again."""
        from garage_tui.driver.driver import LineDriver

        if isinstance(driver := driver_of(self), LineDriver):
            driver.forget()
        self.screen.refresh(layout=True)
