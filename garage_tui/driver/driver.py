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
import time
from functools import partial
from types import FrameType

from textual.events import Resize
from textual.message import Message

from garage_tui.driver.writer import TerminalWriter
from garage_tui.widgets._textual_internals import ExposedLinuxDriver, TerminalParser

_QUESTIONS = re.compile(r"\x1b\[\?\d+\$p|\x1b\[6n")
_ANSWERS = re.compile(r"\x1b\[\?[\d;]*\$y|\x1b\[\d+;\d+R|\x1b\[0n")
_LAST = re.compile(r"\x1b\[\?[\d;]*c")
"""The answer to DA1, which every terminal gives, after all others."""
_ANSWER_SECONDS = 2.0
"""So long an answer may take; after that the terminal is taken to have none."""
_MARK_ANSWER = re.compile(r"\x1b\[0n")
_MARK_BEGUN = re.compile(r"\x1b(?:\[0?)?$")
_HELD_SECONDS = 0.1
"""After so long the beginning of an answer is taken for a key after all: Esc."""


class LineDriver(ExposedLinuxDriver):
    """Textual's driver, on a line that may be slow, far away, frozen or cut."""

    _hung_up = False
    _questions, _asked = 0, 0.0
    _leaving: str | None = None
    """What has come since the app began to leave; None before."""
    _held, _held_since = "", 0.0
    """What may be the beginning of an answer, and since when it is kept."""

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self.use_output_thread(partial(TerminalWriter, gone=self._gone))
        super().start_application_mode()  # type: ignore[no-untyped-call]
        resized = signal.getsignal(signal.SIGWINCH)

        def forget_first(number: int, frame: FrameType | None) -> None:
            self.event_loop.call_soon_threadsafe(self.forget)
            if callable(resized):
                resized(number, frame)

        signal.signal(signal.SIGWINCH, forget_first)

    def forget(self) -> None:
        """Send all that is painted from now on: something else may have painted there, or wiped it away."""
        if writer := self._writer:
            writer.forget()

    @property
    def _writer(self) -> TerminalWriter | None:
        writer = self.output_thread
        return writer if isinstance(writer, TerminalWriter) else None

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
            leave = getattr(self.owner, "leave", self.owner.exit)
            with contextlib.suppress(RuntimeError):  # it has left
                self.event_loop.call_soon_threadsafe(leave)

    def make_parser(self) -> TerminalParser:
        """Return what makes messages of what the terminal sends."""
        return TerminalParser(self.is_debugging)

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
                text = self._without_marks(text)
                self._questions = max(0, self._questions - len(_ANSWERS.findall(text)))
                if text:  # nothing would be the end of all input
                    for message in parser.feed(text):
                        self.process_message(message)
            if self._held and time.monotonic() - self._held_since >= _HELD_SECONDS:
                text, self._held = self._held, ""
                for message in parser.feed(text):
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)

    def _without_marks(self, text: str) -> str:
        """Take out the answers to the writer's marks; what may be the beginning of one is kept for the next time."""
        text, self._held = self._held + text, ""
        writer = self._writer
        if writer is None or not writer.awaited:
            return text
        text, answers = _MARK_ANSWER.subn("", text)
        writer.taken(answers)
        if writer.awaited and (begun := _MARK_BEGUN.search(text)):
            text, self._held, self._held_since = text[: begun.start()], begun[0], time.monotonic()
        return text

    def awaits_last(self) -> bool:
        """Whether the terminal was asked for its DA1 and has not answered."""
        return False

    def disable_input(self) -> None:
        """Hear no more, when all that was asked for has come: the rest would be typed into the shell."""
        if not (self.exit_event.is_set() or self._hung_up or not self.has_input_thread):
            self._hear_out()
        super().disable_input()
        self._leaving = None
        self.forget_input_thread()

    def _hear_out(self) -> None:
        self._leaving = ""
        self.release_mouse()
        self.write("\x1b[?1004l")
        lasts, questions, known = int(self.awaits_last()), self._questions, None
        if writer := self._writer:
            writer.ask_no_more()
            questions, known = questions + writer.awaited, writer.seconds
        known = known or getattr(getattr(self.owner, "terminal", None), "seconds", None)
        end = self._asked + _ANSWER_SECONDS
        if known is not None or (time.monotonic() < end and lasts):
            self.write("\x1b[c")  # answered after all else that is on its way, a mouse that moves included
            lasts, questions = lasts + 1, 0
            end = time.monotonic() + _ANSWER_SECONDS + 3 * (known or 0)
        while time.monotonic() < end and not self._hung_up:
            if len(_LAST.findall(self._leaving)) >= lasts and len(_ANSWERS.findall(self._leaving)) >= questions:
                return
            time.sleep(0.005)
