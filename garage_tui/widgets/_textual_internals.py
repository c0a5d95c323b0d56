"""All that the package uses of Textual's private parts, under public names; checked with Textual 8.2.8.

No other file uses them (`tests/architecture/test_textual_internals.py`), so a change in a new version of Textual
breaks this file alone. It is in `widgets/` because widgets and driver need it, and the driver may import widgets.
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
    """Return the driver of the app; None before the app runs (`App._driver`)."""
    return app._driver


def is_action_enabled(app: App[Any], action: str, node: DOMNode) -> bool:
    """Return whether an action is available now (`App._check_action_state`).

    Args:
        action: as in a binding: `page(1)`, `app.help`.
        node: the owner of the action, if `action` does not name one.
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
    """Pass a key that was sent to another widget to this one (`Widget._forward_event`)."""
    widget._forward_event(event)


async def type_key(editor: TextArea, event: Key) -> bool:
    """Let a text area handle a key as text; return whether it has used the key (`TextArea._on_key`)."""
    await TextArea._on_key(editor, event)
    return event._stop_propagation


def widgets_on_screen(screen: Screen[Any]) -> Mapping[Widget, tuple[Region, Region]]:
    """Return the visible widgets, the uppermost first, each with its region and its clipping region.

    From `Screen._compositor`.
    """
    return screen._compositor.visible_widgets


class TerminalParser(XTermParser):
    """The parser that turns the terminal's input into messages (`textual._xterm_parser`)."""


class ExposedLinuxDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, with public names for the private parts that our driver needs."""

    def use_output_thread(self, make: Callable[[TextIO], object]) -> None:
        """Let our own thread send the output; call this before `start_application_mode`.

        Args:
            make: makes the thread for a terminal. The driver itself makes it, under the name `WriterThread`.
        """
        vars(linux_driver)["WriterThread"] = make

    @property
    def output_thread(self) -> object:
        """The thread that sends output, or None (`LinuxDriver._writer_thread`)."""
        return self._writer_thread

    @property
    def has_input_thread(self) -> bool:
        """Whether a thread reads the terminal's input (`LinuxDriver._key_thread`)."""
        return self._key_thread is not None

    def forget_input_thread(self) -> None:
        """Keep Textual, which closes twice, from waiting for the input thread again (`LinuxDriver._key_thread`)."""
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
        """Turn on mouse reports of the terminal, unless the mouse is off."""
        super()._enable_mouse_support()

    def release_mouse(self) -> None:
        """Turn off mouse reports of the terminal."""
        super()._disable_mouse_support()

    def request_mouse_pixels(self) -> None:
        """Request mouse positions in pixels, if the terminal supports them (`LinuxDriver._mouse_pixels`)."""
        if self._mouse_pixels:
            self._enable_mouse_pixels()

    def _enable_mouse_support(self) -> None:
        self.request_mouse()

    def _disable_mouse_support(self) -> None:
        self.release_mouse()
