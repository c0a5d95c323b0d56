"""Programs on a terminal that answers when it likes: nothing of that is typed anywhere, and nothing typed is lost."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

import pytest
from PIL import Image

from tests.support.repository import REPOSITORY

QUESTION_END = b"\x1b[c\x1b8\x1b[K"
KITTY = b"\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.43.1)\x1b\\\x1b[6;20;10t\x1b[?62;22c"


# A field that has the keys; what is written in it goes to a file once that is asked for.
PROGRAM = """
import sys
from pathlib import Path
from textual.app import App
from textual.widgets import Input
from garage_tui.core.terminal.query import TerminalQuery
from garage_tui.driver.late_terminal_replies import driver_for
with TerminalQuery() as question:
    pass
ask, told = map(Path, sys.argv[1:])
class Field(App):
    def compose(self):
        yield Input()
    def on_mount(self):
        self.set_interval(0.05, self.look)
    def look(self):
        if ask.exists():
            told.write_text(repr((self.query_one(Input).value, question.terminal.image_mode)))
            self.exit()
Field(driver_class=driver_for(question, lambda: None)).run()
"""


class Terminal:
    """A program in a pty; the test is the terminal, which answers each DSR at once as all of them do."""

    def __init__(self, *words: str) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-kitty", LANG="C.UTF-8", PYTHONPATH=str(REPOSITORY))
            for name in ("TMUX", "LC_ALL", "NO_COLOR", "GARAGE_PICTURES"):
                os.environ.pop(name, None)
            os.execv(sys.executable, [sys.executable, *words])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 1200, 800))
        self.seen, self._told = b"", 0

    def send(self, data: bytes) -> None:
        os.write(self._fd, data)

    def reads(self, *wanted: bytes, seconds: float = 60) -> bytes:
        """Read until all of `wanted` have been sent by the app, and return everything so far."""
        end = time.monotonic() + seconds
        while not all(part in self.seen for part in wanted):
            assert time.monotonic() < end, f"{wanted} not sent; but:\n{self.seen[-3000:]!r}"
            self.read(0.05)
        return self.seen

    def read(self, seconds: float) -> None:
        """Take what the app sends for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                try:
                    self.seen += os.read(self._fd, 65536)
                except OSError:  # EIO: it has let go of the terminal
                    return
                for _ in range(self.seen.count(b"\x1b[6n") - self._told):
                    self.send(b"\x1b[1;1R")
                    self._told += 1

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


@pytest.fixture
def open_terminal():
    opened = []

    def open_(*words: object) -> Terminal:
        opened.append(Terminal(*map(str, words)))
        return opened[-1]

    yield open_
    for terminal in opened:
        terminal.close()


def test_what_comes_late_is_nobodys_keys_and_what_is_typed_is_not_lost(open_terminal, tmp_path):
    terminal = open_terminal("-c", PROGRAM, tmp_path / "ask", tmp_path / "told")
    terminal.reads(QUESTION_END)
    terminal.send(b"early ")
    terminal.reads(b"\x1b[?1049h")
    terminal.read(1)
    terminal.send(b"say \x1b_Gi=31")
    terminal.read(0.5)
    terminal.send(b";OK\x1b\\" + KITTY + b"hi")
    terminal.read(1)
    (tmp_path / "ask").touch()
    while not (tmp_path / "told").exists():
        terminal.read(0.05)
    assert (tmp_path / "told").read_text() == repr(("early say hi", "kitty"))


def test_escape_is_still_a_key_while_an_answer_is_awaited(open_terminal, workspace):
    terminal = open_terminal("-m", "garage_tui", "--workspace", workspace.root)
    terminal.reads(b"35 rows")
    terminal.send(b"\x1bOQ")  # F2
    terminal.send(b"?")
    terminal.read(0.3)
    terminal.send(b"\x1bOP")  # F1
    terminal.reads(b"what the model should learn")
    terminal.seen = b""
    terminal.send(b"\x1b")
    terminal.reads(b"What is TinyLLM?")


def test_a_picture_comes_in_the_best_way_when_the_terminal_has_answered_at_last(open_terminal, workspace):
    (workspace.datasets / "photos").mkdir()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(workspace.datasets / "photos" / "red.png")
    terminal = open_terminal("-m", "garage_tui", "--workspace", workspace.root, "--screen", "gallery")
    terminal.reads("▀".encode(), b"red.png")
    assert b"\x1b_Ga=T" not in terminal.seen
    terminal.send(KITTY)
    terminal.reads(b"\x1b_Ga=T,f=100", "\U0010eeee".encode())
    terminal.read(1)
    assert terminal.seen.count(b"\x1b_Ga=T") == 1
