"""All that the package uses of Textual's private parts, under public names; checked with Textual 8.2.8.

No other file touches them (`tests/architecture/test_textual_internals.py`), so a new version of Textual that changes
one breaks this file alone. It stands here because widgets need it as well as the driver, which may import widgets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.widgets import TextArea

if TYPE_CHECKING:
    from textual.app import App
    from textual.binding import Binding
    from textual.dom import DOMNode
    from textual.driver import Driver
    from textual.events import Key
    from textual.geometry import Region
    from textual.screen import Screen
    from textual.widget import Widget


def driver_of(app: App[Any]) -> Driver | None:
    """Return the app's line to its terminal; None before it runs (`App._driver`)."""
    return app._driver


def is_action_enabled(app: App[Any], action: str, node: DOMNode) -> bool:
    """Return whether an action can be done now (`App._check_action_state`).

    Args:
        action: as in a binding: `page(1)`, `app.help`.
        node: whose action it is, if it does not say so.
    """
    return bool(app._check_action_state(action, node))


async def press_bound_key(app: App[Any], key: str) -> None:
    """Run the action of the first binding of a key, from the focused widget upwards (`App._check_bindings`)."""
    await app._check_bindings(key)


def bindings_of(node: DOMNode) -> Iterator[tuple[str, Binding]]:
    """Yield the keys of a widget, a screen or the app, each with its binding (`DOMNode._bindings`)."""
    yield from node._bindings


def has_binding(node: DOMNode, key: str) -> bool:
    """Return whether a widget itself has a binding of this key (`DOMNode._bindings`)."""
    return key in node._bindings.key_to_bindings


def forward_key(widget: Widget, event: Key) -> None:
    """Have a widget treat a key that was sent to another one (`Widget._forward_event`)."""
    widget._forward_event(event)


async def type_key(editor: TextArea, event: Key) -> bool:
    """Have a text area treat a key as text, and return whether it was one (`TextArea._on_key`)."""
    await TextArea._on_key(editor, event)
    return event._stop_propagation


def widgets_on_screen(screen: Screen[Any]) -> Mapping[Widget, tuple[Region, Region]]:
    """Return the visible widgets, the uppermost first, each with its region and what of the screen it may paint on.

    From `Screen._compositor`.
    """
    return screen._compositor.visible_widgets


class TerminalParser(XTermParser):
    """Makes messages of what the terminal sends (`textual._xterm_parser`)."""


class ExposedLinuxDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, with public names for the private parts that ours need."""

    def use_output_thread(self, make: Callable[[TextIO], object]) -> None:
        """Have output sent by a thread of ours; call it before `start_application_mode`.

        Args:
            make: makes the thread for a terminal. The driver itself makes it, under the name `WriterThread`.
        """
        vars(linux_driver)["WriterThread"] = make

    @property
    def output_thread(self) -> object:
        """The thread that sends output; None while there is none (`LinuxDriver._writer_thread`)."""
        return self._writer_thread

    @property
    def has_input_thread(self) -> bool:
        """Whether a thread reads what the terminal sends (`LinuxDriver._key_thread`)."""
        return self._key_thread is not None

    def forget_input_thread(self) -> None:
        """Have Textual, which closes twice, not wait for the input thread again (`LinuxDriver._key_thread`)."""
        self._key_thread = None

    @property
    def owner(self) -> App[Any]:
        """The app (`Driver._app`)."""
        return self._app

    @property
    def event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the app (`Driver._loop`)."""
        return self._loop

    @property
    def is_debugging(self) -> bool:
        """Whether the parser writes a log (`Driver._debug`)."""
        return self._debug

    @property
    def mouse_is_on(self) -> bool:
        """Whether the terminal is to report the mouse (`Driver._mouse`)."""
        return self._mouse

    @mouse_is_on.setter
    def mouse_is_on(self, is_on: bool) -> None:
        self._mouse = is_on

    def request_mouse(self) -> None:
        """Ask the terminal to report the mouse, unless it is off."""
        super()._enable_mouse_support()

    def release_mouse(self) -> None:
        """Ask the terminal to report the mouse no more."""
        super()._disable_mouse_support()

    def request_mouse_pixels(self) -> None:
        """Ask for positions in pixels where the terminal has said that it has them (`LinuxDriver._mouse_pixels`)."""
        if self._mouse_pixels:
            self._enable_mouse_pixels()

    def _enable_mouse_support(self) -> None:
        self.request_mouse()

    def _disable_mouse_support(self) -> None:
        self.release_mouse()
