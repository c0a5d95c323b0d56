"""A driver that never blocks the app: output is sent by a thread, as few bytes as possible, and a hangup ends the app.

Textual's own driver stops the whole app while the terminal does not take output, never ends if the terminal is gone by
then, and reads the end of its input for ever, as fast as it can.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import signal
import time
from functools import partial
from types import FrameType

from textual.events import Resize
from textual.message import Message

from garage_tui.driver.writer import TerminalWriter
from garage_tui.widgets._textual_internals import ExposedLinuxDriver, TerminalParser

_QUERIES = re.compile(r"\x1b\[\?\d+\$p|\x1b\[6n")
_REPLIES = re.compile(r"\x1b\[\?[\d;]*\$y|\x1b\[\d+;\d+R|\x1b\[0n")
_LAST_REPLY = re.compile(r"\x1b\[\?[\d;]*c")
"""The reply to DA1, which every terminal sends, after all others."""
_REPLY_SECONDS = 2.0
"""Seconds that a reply may take; after that, the driver assumes that there is none."""
_ACK = re.compile(r"\x1b\[0n")
_ACK_BEGUN = re.compile(r"\x1b(?:\[0?)?$")
_HELD_SECONDS = 0.1
"""After so long, what may be the beginning of a reply is taken for a key after all: Esc."""


class LineDriver(ExposedLinuxDriver):
    """Textual's driver for a connection that may be slow, distant, frozen or cut."""

    _hung_up = False
    _pending_queries, _query_time = 0, 0.0
    _last_input: str | None = None
    """Input since the app began to leave; None before."""
    _held, _held_since = "", 0.0
    """The possible beginning of a reply, and the time since when it is held back."""

    def start_application_mode(self) -> None:
        """Take over the terminal."""
        self.use_output_thread(partial(TerminalWriter, gone=self._gone))
        super().start_application_mode()  # type: ignore[no-untyped-call]
        resized = signal.getsignal(signal.SIGWINCH)

        def forget_first(number: int, frame: FrameType | None) -> None:
            self.event_loop.call_soon_threadsafe(self.forget)
            if callable(resized):
                resized(number, frame)

        signal.signal(signal.SIGWINCH, forget_first)

    def forget(self) -> None:
        """Send everything that is painted from now on: something else may have painted over it, or erased it."""
        if writer := self._writer:
            writer.forget()

    @property
    def _writer(self) -> TerminalWriter | None:
        writer = self.output_thread
        return writer if isinstance(writer, TerminalWriter) else None

    def process_message(self, message: Message) -> None:
        """Pass a message on to the app."""
        if isinstance(message, Resize):
            self.forget()
        super().process_message(message)

    def write(self, data: str) -> None:
        """Send text to the terminal."""
        if len(data) < 64 and (queries := len(_QUERIES.findall(data))):
            self._pending_queries, self._query_time = self._pending_queries + queries, time.monotonic()
        super().write(data)

    def _gone(self) -> None:
        """Make the app leave, because its terminal is gone; called in a thread."""
        if not self._hung_up:
            self._hung_up = True
            leave = getattr(self.owner, "leave", self.owner.exit)
            with contextlib.suppress(RuntimeError):  # it has left
                self.event_loop.call_soon_threadsafe(leave)

    def make_parser(self) -> TerminalParser:
        """Return a parser that makes messages of what the terminal sends."""
        return TerminalParser(self.is_debugging)

    def run_input_thread(self) -> None:
        """Read what the terminal sends until the app releases it, or it is gone."""
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
                if self._last_input is not None:
                    self._last_input += text
                    continue
                text = self._without_acks(text)
                self._pending_queries = max(0, self._pending_queries - len(_REPLIES.findall(text)))
                if text:  # nothing would be the end of all input
                    for message in parser.feed(text):
                        self.process_message(message)
            if self._held and time.monotonic() - self._held_since >= _HELD_SECONDS:
                text, self._held = self._held, ""
                for message in parser.feed(text):
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)

    def _without_acks(self, text: str) -> str:
        """Return input without the replies to the writer's marks; keep back what may be the beginning of one."""
        text, self._held = self._held + text, ""
        writer = self._writer
        if writer is None or not writer.unacknowledged:
            return text
        text, count = _ACK.subn("", text)
        writer.acknowledge(count)
        if writer.unacknowledged and (begun := _ACK_BEGUN.search(text)):
            text, self._held, self._held_since = text[: begun.start()], begun[0], time.monotonic()
        return text

    def awaits_last(self) -> bool:
        """Whether the terminal was asked for DA1 and has not replied yet."""
        return False

    def disable_input(self) -> None:
        """Stop reading, after all replies have come: the rest of them would be typed into the shell."""
        if not (self.exit_event.is_set() or self._hung_up or not self.has_input_thread):
            self._await_replies()
        super().disable_input()
        self._last_input = None
        self.forget_input_thread()

    def _await_replies(self) -> None:
        self._last_input = ""
        self.release_mouse()
        self.write("\x1b[?1004l")
        lasts, queries, known = int(self.awaits_last()), self._pending_queries, None
        if writer := self._writer:
            writer.stop_marking()
            queries, known = queries + writer.unacknowledged, writer.seconds
        known = known or getattr(getattr(self.owner, "terminal", None), "seconds", None)
        end = self._query_time + _REPLY_SECONDS
        if known is not None or (time.monotonic() < end and lasts):
            self.write("\x1b[c")  # its reply comes after all else that is on its way, mouse movements included
            lasts, queries = lasts + 1, 0
            end = time.monotonic() + _REPLY_SECONDS + 3 * (known or 0)
        while time.monotonic() < end and not self._hung_up:
            if (
                len(_LAST_REPLY.findall(self._last_input)) >= lasts
                and len(_REPLIES.findall(self._last_input)) >= queries
            ):
                return
            time.sleep(0.005)
