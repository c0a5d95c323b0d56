"""The app in a pane of a real tmux of its own: its screen cell by cell, and every byte that it sent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.support.repository import REPOSITORY

TMUX = os.environ.get("GARAGE_TMUX") or shutil.which("tmux") or ""
"""The tmux that the tests use."""
_LEFT_OUT = ("TMUX", "NO_COLOR", "COLORTERM", "LC_ALL", "LC_CTYPE", "GARAGE_PICTURES")
_SGR = re.compile(rb"\x1b\[([\d;:]*)m")


@dataclass(frozen=True)
class Cell:
    """A character on the screen, and its style."""

    text: str
    style: Style


class Pane:
    """One pane with the app in it; what a newer tmux says of colours (COLORTERM) is unsaid.

    Args:
        folder: for what the pane notes down.
        size: columns and rows.
        env: variables of the app, such as TERM.
    """

    _opened = 0

    def __init__(
        self, folder: Path, workspace: Path, size: tuple[int, int], env: Mapping[str, str], *options: str
    ) -> None:
        Pane._opened += 1
        self._socket = f"garage-pane-{os.getpid()}-{Pane._opened}"
        self._sent = folder / f"sent-{Pane._opened}"
        self._end = folder / f"end-{Pane._opened}"
        start = folder / f"start-{Pane._opened}"
        words = {"TERM": "xterm-256color", "LANG": "C.UTF-8", **env}
        app = ["env", "-u", "COLORTERM", *(f"{name}={value}" for name, value in words.items())]
        app += [sys.executable, "-m", "garage_tui", "--workspace", str(workspace), *options]
        wait = f"until [ -e '{start}' ]; do sleep 0.02; done; \"$@\"; echo $? > '{self._end}'; sleep 600"
        columns, rows = map(str, size)
        self.tmux("new-session", "-d", "-s", "app", "-x", columns, "-y", rows, "sh", "-c", wait, "sh", *app)
        self.tmux("pipe-pane", "-O", "-t", "app", f"cat >> '{self._sent}'")
        start.touch()

    @property
    def words(self) -> list[str]:
        """How this tmux is called."""
        return [TMUX, "-u", "-L", self._socket, "-f", "/dev/null"]

    def inside(self) -> dict[str, str]:
        """Return the variables that a program in the pane has."""
        told = self.tmux("display-message", "-p", "-t", "app", "#{socket_path},#{pid},0").strip()
        return {"TMUX": told, "TMUX_PANE": "%0", "TERM": "xterm-256color", "LANG": "C.UTF-8"}

    def tmux(self, *arguments: str) -> str:
        command = [*self.words, *arguments]
        kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
        env = {**kept, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        return subprocess.run(command, capture_output=True, text=True, env=env).stdout

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "app")

    @property
    def lines(self) -> list[str]:
        """All lines of the screen, those below the last letter too."""
        return self.screen.removesuffix("\n").split("\n")

    @property
    def sent(self) -> bytes:
        """All that the app has sent to its terminal."""
        return self._sent.read_bytes()

    @property
    def tty(self) -> str:
        """Path of the pane's terminal device."""
        return self.tmux("display-message", "-p", "-t", "app", "#{pane_tty}").strip()

    def ends(self, seconds: float = 60) -> int:
        """Wait for the app's end, and return what it ended with."""
        end = time.monotonic() + seconds
        while not (self._end.exists() and (said := self._end.read_text())):
            assert time.monotonic() < end, f"it does not end; the screen says:\n{self.screen}"
            time.sleep(0.05)
        return int(said)

    def cells(self) -> list[list[Cell]]:
        """Return the screen as it is painted."""
        painted = self.tmux("capture-pane", "-p", "-e", "-t", "app").removesuffix("\n").split("\n")
        return [list(_cells(line)) for line in painted]

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "app", *keys)

    def types(self, text: str) -> None:
        self.tmux("send-keys", "-t", "app", "-l", text)

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-t", "app", "-x", str(columns), "-y", str(rows))

    def sees(self, *texts: str, seconds: float = 60) -> str:
        """Wait until all of `texts` are on the screen, and return it."""
        end = time.monotonic() + seconds
        while not all(text in (screen := self.screen) for text in texts):
            assert time.monotonic() < end, f"{texts} not seen; the screen says:\n{screen}"
            time.sleep(0.05)
        return screen

    def sees_no(self, text: str, seconds: float = 60) -> str:
        """Wait until `text` is not on the screen any more, and return it."""
        end = time.monotonic() + seconds
        while text in (screen := self.screen):
            assert time.monotonic() < end, f"{text!r} is still there; the screen says:\n{screen}"
            time.sleep(0.05)
        return screen

    def rests(self, seconds: float = 60) -> str:
        """Wait until nothing is painted for a moment, the gauges in the first line apart, and return the screen."""
        end, before = time.monotonic() + seconds, ""
        while (now := self.screen.partition("\n")[2]) != before:
            assert time.monotonic() < end, "it never rests"
            before = now
            time.sleep(0.4)
        return self.screen

    def close(self) -> None:
        self.tmux("kill-server")


def _cells(line: str) -> Iterator[Cell]:
    for segment in Text.from_ansi(line).render(Console(width=500, color_system="truecolor"), end=""):
        for letter in segment.text:
            yield from [Cell(letter, segment.style or Style())] * max(1, cell_len(letter))


def sgr(sent: bytes) -> Iterator[list[int]]:
    """Yield the numbers of each change of style that was sent."""
    for told in _SGR.finditer(sent):
        yield [int(word or 0) for word in re.split(rb"[;:]", told[1])]


def colours_sent(sent: bytes) -> set[str]:
    """Return which kinds of colours were sent: `16`, `256`, `16 million`."""
    kinds = set()
    for numbers in sgr(sent):
        while numbers:
            number = numbers.pop(0)
            if number in (38, 48):
                kinds.add("256" if numbers[:1] == [5] else "16 million")
                del numbers[: 2 if numbers[:1] == [5] else 4]
            elif number // 10 in (3, 4, 9, 10) and number % 10 != 9 and number > 29:
                kinds.add("16")
    return kinds


def contrast(cell: Cell, front: str, back: str) -> float:
    """Return the contrast of text, from 1 to 21, as WCAG 2.2 defines it; where no colour is set, these hold."""
    style = cell.style
    text = style.color if style.color and not style.color.is_default else Color.parse(front)
    ground = style.bgcolor if style.bgcolor and not style.bgcolor.is_default else Color.parse(back)
    light, dark = sorted((_luminance(text), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    parts = [part / 255 for part in colour.get_truecolor()]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def broken_frames(lines: list[str]) -> list[str]:
    """Return what is wrong with the rounded frames on a screen: a corner without its side, a gap in a side."""
    grid, wrong = [_spread(line) for line in lines], []

    def at(row: int, column: int) -> str:
        return grid[row][column] if row < len(grid) and column < len(grid[row]) else " "

    for row, line in enumerate(grid):
        for column, sign in enumerate(line):
            if sign != "╭":
                continue
            right = next((c for c in range(column + 1, len(line)) if line[c] == "╮"), None)
            bottom = next((r for r in range(row + 1, len(grid)) if at(r, column) == "╰"), None)
            if right is None or bottom is None:
                wrong.append(f"the frame at {column},{row} has no end")
                continue
            sides = [(r, c) for r in range(row + 1, bottom) for c in (column, right)]
            wrong += [f"a gap at {c},{r}" for r, c in sides if at(r, c) != "│"]
            if at(bottom, right) != "╯":
                wrong.append(f"no corner at {right},{bottom}")
    return wrong


def _spread(line: str) -> list[str]:
    return [part for letter in line for part in ([letter] + [""] * (cell_len(letter) - 1))]
