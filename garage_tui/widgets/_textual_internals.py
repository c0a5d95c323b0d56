"""All that the package uses of Textual's private parts, under public names; checked with Textual 8.2.8.

No other file uses them (`tests/architecture/test_textual_internals.py`): only here can a new Textual break something.
It is in `widgets/` because widgets and driver need it, and the driver may import widgets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from textual._compositor import Compositor
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.css.query import QueryError
from textual.drivers import linux_driver
from textual.events import Compose, Key, Mount, Paste
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import MountError, Widget
from textual.worker import WorkerFailed

if TYPE_CHECKING:
    from textual._compositor import ReflowResult
    from textual.binding import Binding
    from textual.dom import DOMNode
    from textual.driver import Driver
    from textual.geometry import Region, Size
    from textual.message import Message
    from textual.widgets import TextArea


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


async def type_key(editor: TextArea, event: Key) -> bool:
    """Let a text area handle a key as text; return whether it has used the key (`TextArea._on_key`)."""
    from textual.widgets import TextArea  # noqa: PLC0415 (5 ms, for which the first paint does not wait)

    await TextArea._on_key(editor, event)
    return event._stop_propagation


def widgets_on_screen(screen: Screen[Any]) -> Mapping[Widget, tuple[Region, Region]]:
    """Return the visible widgets, the uppermost first, each with its region and its clipping region.

    From `Screen._compositor`.
    """
    return screen._compositor.visible_widgets


def forget_sender(event: Key | Paste) -> None:
    """Let a key that comes back to the app be like any other (`Message._sender`).

    Textual stops an event of which the app is the sender just before it comes back to the app, as if it was handled.
    """
    event._sender = None


def waits_for_messages(*widgets: Widget | None) -> bool:
    """Return whether a message waits for one of these widgets or of what they are in (`MessagePump._parent`).

    The app does not count: something always waits there while much is painted. A closed widget takes no messages.
    """
    for widget in widgets:
        pump: MessagePump | None = widget
        while pump is not None and not isinstance(pump, App):
            if pump.is_running and pump.message_queue_size:
                return True
            pump = pump._parent
    return False


class TerminalParser(XTermParser):
    """The parser that turns the terminal's input into messages (`textual._xterm_parser`)."""


class ExposedLinuxDriver(linux_driver.LinuxDriver):
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


class GuardedApp(App[int]):
    """An app that goes on after an exception in a handler, an action, a timer, a worker or a paint.

    Textual's app leaves with a traceback, and a widget whose handler failed takes no further message. An exception
    from which this one cannot go on (while its first screen is made or painted) ends it with code 1.
    """

    is_up = False
    """True once the first screen has been painted."""
    _taken = 0

    @property
    def has_failed(self) -> bool:
        """Whether an exception has ended the app."""
        return self._exception is not None

    def take_error(self, error: Exception, doing: str, *, painting: bool = False) -> bool:
        """Tell of an exception that was not expected; return whether the app can go on.

        By default it cannot, and Textual prints the traceback.

        Args:
            doing: what the app was doing, for the report.
            painting: a widget failed to paint itself; it will fail again with the next frame.
        """
        super()._handle_exception(error)
        return False

    def take_handled(self, event: Key | Paste) -> None:
        """Take note that the widgets have handled a key or a pasted text."""

    def give_up(self, dialog: Screen[Any]) -> None:
        """Close a dialog that could not be made; perhaps no key would close it."""
        if dialog.is_active:
            dialog.dismiss(None)

    def _handle_exception(self, error: Exception) -> None:
        cause = error
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            cause = error.error
        # The loop of messages has ended where the app is not running: nothing can be shown any more.
        fatal = not self._running or (cause is error and not self.is_up)
        self._take(cause, "a timer, a worker or a layout", fatal=fatal)

    def _take(self, error: Exception, doing: str, *, fatal: bool = False, painting: bool = False) -> None:
        self._taken += 1
        ends = self._exit and isinstance(error, QueryError | MountError)  # widgets go before their messages
        if ends or (self.take_error(error, doing, painting=painting) and not fatal):
            return
        if not self.has_failed:  # `App.run_test` raises what ended it
            self._return_code, self._exception = 1, error
            self._exception_event.set()
        self._close_messages_no_wait()


_dispatch, _paint = MessagePump._dispatch_message, Widget.render_lines


async def _dispatch_guarded(self: MessagePump, message: Message) -> None:
    """Have a widget treat a message; after an exception it goes on with the next one."""
    if not isinstance(app := self.app, GuardedApp):
        return await _dispatch(self, message)
    makes = isinstance(message, Compose | Mount)
    if makes and not app.is_up:  # also the app itself: `App._process_messages` ends it
        return await _dispatch(self, message)
    before, came_back = app._taken, message.is_forwarded
    try:
        await _dispatch(self, message)
    except Exception as error:
        app._take(error, f"{type(message).__name__} in {type(self).__name__}")
    if isinstance(message, Key | Paste) and not _goes_on(self, message, came_back):
        app.take_handled(message)
    if makes and app._taken > before and isinstance(self, Screen) and len(app.screen_stack) > 1:
        app.call_later(app.give_up, self)


def _goes_on(pump: MessagePump, event: Key | Paste, came_back: bool) -> bool:
    """Return whether a key goes on to another widget: from the app to the focused one, from there to its parents.

    Args:
        came_back: the key had been with the widgets before this dispatch.
    """
    if isinstance(pump, App):
        return event.is_forwarded and not came_back
    return bool(pump._parent and not event._stop_propagation and pump.is_parent_active and pump.is_attached)


def _paint_guarded(self: Widget, crop: Region) -> list[Strip]:
    """Paint a widget; where that fails it is blank, and the rest of the screen is painted."""
    try:
        return _paint(self, crop)
    except Exception as error:
        if not isinstance(app := self.app, GuardedApp) or not app.is_up:
            raise
        app._take(error, f"painting {type(self).__name__}", painting=True)
        return [Strip.blank(crop.width)] * crop.height


_reflow, _refresh = Compositor.reflow, Widget.refresh
_SENT = "_garage_sent"


def _reflow_since_last_sent(self: Compositor, parent: Widget, size: Size) -> ReflowResult:
    """Lay out the screen; what has another size than at the layout before is told so by a `Resize`.

    Textual compares with the map of the screen (`Compositor._full_map`), which is also made anew, without any
    event, when a widget is looked up after something was scrolled. A new widget on that map never got its first event.
    """
    self._full_map = vars(self).get(_SENT, self._full_map)
    result = _reflow(self, parent, size)
    vars(self)[_SENT] = self._full_map
    return result


def _refresh_counted(self: Widget, *regions: Region, layout: bool = False, **others: bool) -> Widget:
    """Have a widget painted; a second change counts too, else the size from between both is kept for good."""
    self._layout_updates += layout and self._layout_required
    return _refresh(self, *regions, layout=layout, **others)


# Widgets of Textual's own are guarded too, so it is the base classes that change; apps that are no `GuardedApp` do not.
MessagePump._dispatch_message, Widget.render_lines = _dispatch_guarded, _paint_guarded  # type: ignore[method-assign]
Compositor.reflow, Widget.refresh = _reflow_since_last_sent, _refresh_counted  # type: ignore[method-assign,assignment]
