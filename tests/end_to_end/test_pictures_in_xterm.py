"""Sixel in a real terminal: xterm as a VT340, its screen compared with the picture, dot by dot."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageGrab, features

from tests.support.repository import REPOSITORY
from tests.support.screen_codes import butterfly, difference

WIDE, HIGH = 6, 13
"""A cell of xterm's font `fixed`, in pixels."""
_OUTSIDE = ("TMUX", "LC_ALL", "NO_COLOR", "COLUMNS", "LINES")
"""What is true of the terminal that the tests run in, and not of xterm. (readline has pytest export its size.)"""

missing = [program for program in ("Xvfb", "xterm") if shutil.which(program) is None]
pytestmark = [
    pytest.mark.skipif(bool(missing), reason=f"{' and '.join(missing)} missing (Debian: apt install xvfb xterm)"),
    pytest.mark.skipif(not features.check("xcb"), reason="this Pillow cannot take pictures of a screen (no xcb)"),
]

# A pane with a picture, driven by the lines of a file; each is answered in another when the screen is painted.
APP = """
import sys
from pathlib import Path
from textual.app import App
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import ContentSwitcher, Static
from garage_tui.core.terminal.query import query_terminal
from garage_tui.core.terminal.capabilities import next_mode
from garage_tui.widgets.picture import Picture

steps, answers, image = map(Path, sys.argv[1:])
terminal = query_terminal()

class Shown(App):
    CSS = '''
    * { background: black; color: white; scrollbar-size: 0 0; }
    Picture { height: 18; max-height: 90vh; }
    #below { height: 40; }
    '''
    def compose(self):
        with ContentSwitcher(initial="pane"):
            with VerticalScroll(id="pane"):
                yield Picture(terminal, image)
                yield Static("\\n".join("below" for _ in range(40)), id="below")
            yield Static("another pane", id="other")
    def on_mount(self):
        self.done = 0
        self.set_interval(0.05, self.step)
    async def step(self):
        picture = self.screen_stack[0].query_one(Picture)
        lines = steps.read_text().splitlines()
        if picture.is_settled and self.done < len(lines):
            word = lines[self.done]
            if word == "down": self.query_one("#pane").scroll_relative(y=5, animate=False)
            if word == "up": self.query_one("#pane").scroll_relative(y=-5, animate=False)
            if word in ("other", "pane"): self.query_one(ContentSwitcher).current = word
            if word == "dialog": self.push_screen(ModalScreen())
            if word == "close": self.pop_screen()
            if word == "smaller": self._driver.write("\\x1b[8;16;60t")
            if word == "cycle": picture.mode = next_mode(picture.mode)
            if word == "quit": self.exit()
            self.done += 1
            self.set_timer(0.3, self.answer)
        elif not lines and picture.is_settled:
            self.answer()
    def answer(self):
        answers.write_text(f"{self.done} {terminal.image_mode}")

Shown().run()
"""


@pytest.fixture
def display():
    """A screen of 800 × 500 that nobody sees."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x500x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


@contextlib.contextmanager
def xterm(display: str, *command: object):
    """Runs a command in an xterm of 80 × 24 in the upper left corner."""
    look = ["-ti", "vt340", "-fn", "fixed", "-geometry", "80x24+0+0", "-b", "0", "-bw", "0", "+sb", "-bg", "black"]
    look += ["-fg", "white", "-uc", "-xrm", "XTerm*allowWindowOps: true"]
    env = {name: value for name, value in os.environ.items() if name not in _OUTSIDE}
    env |= {"DISPLAY": display, "LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)}
    terminal = subprocess.Popen(
        ["xterm", *look, "-e", *map(str, command)], env=env, cwd=REPOSITORY, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        terminal.terminate()
        terminal.wait()


def screen(display: str) -> Image.Image:
    return ImageGrab.grab(xdisplay=display).convert("RGB")


def wait_for(path: Path, text: str) -> None:
    for _ in range(300):
        if path.exists() and path.read_text().startswith(text):
            return
        time.sleep(0.1)
    raise AssertionError(f"{path.name} never said {text!r}")


def colourful(image: Image.Image) -> int:
    """Return how many dots are neither black, white nor grey."""
    saturation = image.convert("HSV").getchannel("S").point(lambda value: 255 if value > 60 else 0)
    bright = image.convert("L").point(lambda value: 255 if value > 8 else 0)
    return sum(1 for s, b in zip(saturation.tobytes(), bright.tobytes(), strict=True) if s and b)


def test_garage_show_draws_the_picture(display, tmp_path):
    butterfly(240, 160).save(tmp_path / "butterfly.png")
    show = shlex.join([sys.executable, "-m", "garage_tui", "show", str(tmp_path / "butterfly.png"), "--width", "40"])
    (tmp_path / "run.sh").write_text(f"{show}; echo $? > {tmp_path / 'shown'}; sleep 60\n")
    with xterm(display, "sh", tmp_path / "run.sh"):
        wait_for(tmp_path / "shown", "0\n")
        time.sleep(0.5)
        seen = screen(display)
    size = (40 * WIDE, 12 * HIGH)
    expected = butterfly(240, 160).resize(size, Image.Resampling.LANCZOS)
    assert difference(seen.crop((0, 0, *size)), expected) < 5
    assert colourful(seen.crop((size[0], 0, 480, 312))) == 0
    assert colourful(seen.crop((0, size[1], 480, 312))) == 0


def shown(display: str, good: Callable[[Image.Image], bool]) -> Image.Image:
    """Return the screen once it is good: a loaded box paints late."""
    end = time.monotonic() + 20
    while not good(now := screen(display)) and time.monotonic() < end:
        time.sleep(0.2)
    return now


COLUMNS = round(18 * HIGH / WIDE)
SIZE = COLUMNS * WIDE, 18 * HIGH
"""Of the picture on 18 lines of the app, in cells and in pixels."""


class Shown:
    """The app in xterm, with the picture on it."""

    def __init__(self, display: str, folder: Path) -> None:
        self._display, self._steps, self._answers = display, folder / "steps", folder / "answers"
        self._count = 0
        self.expected = butterfly().resize(SIZE, Image.Resampling.LANCZOS)
        wait_for(self._answers, "0 sixel")
        self.left = (80 - COLUMNS) // 2 * WIDE
        place = (self.left, 0, self.left + SIZE[0], SIZE[1])
        self.first = shown(display, lambda now: difference(now.crop(place), self.expected) < 5)
        assert difference(self.first.crop(place), self.expected) < 5

    def after(self, word: str, good: Callable[[Image.Image], bool]) -> Image.Image:
        """Do a step, and return the screen once it is good, or as it is after twenty seconds."""
        self._count += 1
        self._steps.write_text(self._steps.read_text() + word + "\n")
        wait_for(self._answers, f"{self._count} ")
        return shown(self._display, good)


@pytest.fixture
def app(display, tmp_path):
    butterfly().save(tmp_path / "butterfly.png")
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "steps").write_text("")
    files = [tmp_path / name for name in ("app.py", "steps", "answers", "butterfly.png")]
    with xterm(display, sys.executable, *files):
        yield Shown(display, tmp_path)


def is_gone(now: Image.Image) -> bool:
    return colourful(now) == 0


def test_in_the_app_it_leaves_no_ghosts(app):
    left, expected = app.left, app.expected
    top, below = (left, 0, left + SIZE[0], SIZE[1] - 5 * HIGH), (0, SIZE[1] - 5 * HIGH, 480, 312)
    part = expected.crop((0, 5 * HIGH, *SIZE))
    scrolled = app.after("down", lambda now: difference(now.crop(top), part) < 5 and not colourful(now.crop(below)))
    assert difference(scrolled.crop(top), part) < 5
    assert colourful(scrolled.crop(below)) == 0

    def is_back(now: Image.Image) -> bool:
        return difference(now, app.first) < 0.1

    assert is_back(app.after("up", is_back))
    assert is_gone(app.after("other", is_gone))
    assert is_back(app.after("pane", is_back))
    assert is_gone(app.after("dialog", is_gone))
    assert is_back(app.after("close", is_back))


def test_xterm_still_knows_the_picture_when_its_window_is_laid_bare_again(app, display):
    """xterm paints it again from memory, and remembers 16 sixels: a picture in more pieces would be gone."""
    for word in ("down", "up", "other", "pane"):
        app.after(word, lambda now: True)
    assert difference(shown(display, lambda now: difference(now, app.first) < 0.1), app.first) < 0.1
    with xterm(display, "sleep", "60"):
        assert is_gone(shown(display, is_gone))
    bare = shown(display, lambda now: difference(now, app.first) < 0.1)
    assert difference(bare, app.first) < 0.1


def test_after_a_resize_and_in_another_way_it_leaves_no_ghosts(app):
    high = int(16 * 0.9)
    columns = round(high * HIGH / WIDE)
    left, size = (60 - columns) // 2 * WIDE, (columns * WIDE, high * HIGH)
    small = butterfly().resize(size, Image.Resampling.LANCZOS)
    whole = colourful(app.first)

    def is_small(now: Image.Image) -> bool:
        inside = now.crop((left, 0, left + size[0], size[1]))
        return difference(inside, small) < 5 and colourful(now) == colourful(inside)

    assert is_small(app.after("smaller", is_small))

    def is_blocks(now: Image.Image) -> bool:
        inside = colourful(now.crop((left, 0, left + size[0], size[1])))
        return 0 < colourful(now) < whole and colourful(now) == inside

    assert is_blocks(app.after("cycle", is_blocks))
    assert is_gone(app.after("cycle", is_gone))  # letters have no colours
