"""The app's line to its terminal: never waited for, sent as little as will do, and let go of when it is cut.

Textual's own driver stops the whole app while a terminal does not take what is painted, never ends where that terminal
is gone by then, and reads the end of its input as fast as it can, for ever.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import TextIO

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.message import Message

from garage_tui.painting import Painting

_QUESTIONS = re.compile(r"\x1b\[\?\d+\$p|\x1b\[6n")
_ANSWERS = re.compile(r"\x1b\[\?[\d;]*\$y|\x1b\[\d+;\d+R")
_LAST = re.compile(r"\x1b\[\?[\d;]*c")
"""The answer to DA1, which every terminal gives, after all others."""
_ANSWER_SECONDS = 2.0
"""So long an answer may take; after that the terminal is taken to have none."""
_STOP_SECONDS = 2.0
"""How long the last of what was painted may take to be sent."""


class Writer(threading.Thread):
    """Sends what is painted, in a thread of its own; whoever paints never waits.

    Args:
        file: the terminal.
        gone: called once, in this thread, when the terminal is no more.
    """

    def __init__(self, file: TextIO, gone: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="textual-output")
        self._file, self._gone = file.fileno(), gone
        self._encoding = file.encoding or "utf-8"
        self._painting, self._due = Painting(), deque[str]()
        self._changed = threading.Condition()
        self._stopped = self._dead = False

    def write(self, text: str) -> None:
        """Have it sent, or what it paints, when the terminal takes it."""
        with self._changed:
            if not self._dead:
                if now := self._painting.put(text):
                    self._due.append(now)
                self._changed.notify()

    def forget(self) -> None:
        """Send all that is painted from now on: what the terminal shows is not known any more."""
        with self._changed:
            if now := self._painting.rest():
                self._due.append(now)
                self._changed.notify()
            self._painting.forget()

    def run(self) -> None:
        while (text := self._next()) is not None:
            try:
                self._send(text.encode(self._encoding, "replace"))
            except (OSError, ValueError):
                with self._changed:
                    self._dead = True
                    self._due.clear()
                    self._painting.forget()
                self._gone()
                return

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._due or not self._painting.is_complete or self._stopped)
            if self._due:
                return self._due.popleft()
            return self._painting.rest() or (None if self._stopped else "")

    def _send(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._file, data) :]
            except BlockingIOError:  # somebody else on this terminal has made it so
                select.select([], [self._file], [])

    def stop(self) -> None:
        """End it when all is sent, or when that takes too long."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self.join(_STOP_SECONDS)


class LineDriver(LinuxDriver):
    """Textual's driver, on a line that may be slow, far away, frozen or cut."""

    _hung_up = False
    _questions, _asked = 0, 0.0
    _leaving: str | None = None
    """What has come since the app began to leave; None before."""

    def start_application_mode(self) -> None:
        """Take the terminal."""
        # The driver makes its writer itself, by this name.
        vars(linux_driver)["WriterThread"] = partial(Writer, gone=self._gone)
        super().start_application_mode()  # type: ignore[no-untyped-call]
        resized = signal.getsignal(signal.SIGWINCH)

        def forget_first(number: int, frame: FrameType | None) -> None:
            self._loop.call_soon_threadsafe(self.forget)
            if callable(resized):
                resized(number, frame)

        signal.signal(signal.SIGWINCH, forget_first)

    def forget(self) -> None:
        """Send all that is painted from now on: something else may have painted there, or wiped it away."""
        writer: object = self._writer_thread
        if isinstance(writer, Writer):
            writer.forget()

    def process_message(self, message: Message) -> None:
        """Have the app hear of something."""
        if isinstance(message, Resize):
            self.forget()
        super().process_message(message)

    def write(self, data: str) -> None:
        """Have something sent."""
        if len(data) < 64 and (asked := len(_QUESTIONS.findall(data))):
            self._questions, self._asked = self._questions + asked, time.monotonic()
        super().write(data)

    def _gone(self) -> None:
        """Have the app leave: its terminal is no more. Called in a thread."""
        if not self._hung_up:
            self._hung_up = True
            leave = getattr(self._app, "leave", self._app.exit)
            with contextlib.suppress(RuntimeError):  # it has left
                self._loop.call_soon_threadsafe(leave)

    def make_parser(self) -> XTermParser:
        """Return what makes messages of what the terminal sends."""
        return XTermParser(self._debug)

    def run_input_thread(self) -> None:
        """Read what the terminal sends until the app lets go of it, or it is no more."""
        parser = self.make_parser()
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fileno, 4096)
                except BlockingIOError:
                    continue
                except OSError:  # EIO: hung up
                    data = b""
                if not data:
                    self._gone()
                    return
                text = decode(data)
                if self._leaving is not None:
                    self._leaving += text
                    continue
                self._questions = max(0, self._questions - len(_ANSWERS.findall(text)))
                for message in parser.feed(text):
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)

    def awaits_last(self) -> bool:
        """Whether the terminal was asked for its DA1 and has not answered."""
        return False

    def disable_input(self) -> None:
        """Hear no more, when all that was asked for has come: the rest would be typed into the shell."""
        if not (self.exit_event.is_set() or self._hung_up or self._key_thread is None):
            self._hear_out()
        super().disable_input()
        self._leaving, self._key_thread = None, None  # Textual comes here twice

    def _hear_out(self) -> None:
        self._leaving = ""
        self._disable_mouse_support()
        self.write("\x1b[?1004l")
        lasts, questions = int(self.awaits_last()), self._questions
        known = getattr(getattr(self._app, "terminal", None), "seconds", None)
        end = self._asked + _ANSWER_SECONDS
        if known is not None or (time.monotonic() < end and lasts):
            self.write("\x1b[c")  # answered after all else that is on its way, a mouse that moves included
            lasts, questions = lasts + 1, 0
            end = time.monotonic() + _ANSWER_SECONDS + 3 * (known or 0)
        while time.monotonic() < end and not self._hung_up:
            if len(_LAST.findall(self._leaving)) >= lasts and len(_ANSWERS.findall(self._leaving)) >= questions:
                return
            time.sleep(0.005)
