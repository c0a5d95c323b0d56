"""The app in the terminals that there are: sizes, colours, locales, kinds of tmux; no signs, no colours, no mouse."""

from __future__ import annotations

import fcntl
import itertools
import os
import pty
import random
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from garage_tui.widgets.too_small import size_text
from tests.support.app_user import RunFolder
from tests.support.panes import TMUX, Pane, broken_frames, colours_sent, contrast

pytestmark = [pytest.mark.skipif(not TMUX, reason="needs tmux"), pytest.mark.timeout(300)]

SIZES = [(60, 20), (80, 24), (120, 40), (300, 100)]
TERMS = ["xterm-256color", "tmux-256color", "screen-256color", "screen", "xterm", "linux"]
VARIANTS = {
    "true colour": ({"COLORTERM": "truecolor"}, ()),
    "NO_COLOR": ({"NO_COLOR": "1"}, ()),
    "LANG=C": ({"LANG": "C"}, ()),
    "POSIX": ({"LC_ALL": "POSIX"}, ()),
    "--ascii": ({}, ("--ascii",)),
    "--ascii NO_COLOR": ({"NO_COLOR": "1"}, ("--ascii",)),
    "--no-mouse": ({}, ("--no-mouse",)),
}
SCREENS = {"F3": "-garage", "F4": "the model server is off", "F5": "red.png", "F6": "This box", "F2": "35 rows"}
LEAST_CONTRAST = 3.0
"""What WCAG 2.2 asks of large text and of signs; ours has 4.5 but for quiet words in the chosen row."""
Open = Callable[..., Pane]


@pytest.fixture
def open_pane(workspace, tmp_path) -> Iterator[Open]:
    """Opens the app in a pane, on a box with facts, a run that finished, one that failed, and a picture."""
    run = RunFolder(workspace, "20261123-2315-lora-garage", "running")
    for step in range(1, 60):
        run.step(step, 3 / step**0.5, lr=1e-3)
        if step % 10 == 0:
            run.probe(step, step / 100)
    run.state("finished")
    RunFolder(workspace, "20261124-0115-lora-broken", "failed", reason="CUDA out of memory")
    (workspace.datasets / "photos").mkdir()
    Image.radial_gradient("L").resize((64, 64)).convert("RGB").save(workspace.datasets / "photos" / "red.png")
    opened = []

    def open_(size: tuple[int, int] = (80, 24), env: dict[str, str] | None = None, *options: str) -> Pane:
        opened.append(
            Pane(tmp_path, workspace.root, size, {"GARAGE_STATE": str(tmp_path / "state"), **(env or {})}, *options)
        )
        return opened[-1]

    yield open_
    for pane in opened:
        pane.close()


def look_at_everything(pane: Pane, size: tuple[int, int], in_ascii: bool) -> None:
    """Go through the five screens, help, palette, a question and the launch form, and look at each."""
    pane.sees("35 rows")
    for key, word in SCREENS.items():
        pane.press(key)
        pane.sees(word)
        look(pane, size, in_ascii)
    for key, wanted in {"F1": "what the model should learn", "C-p": "Type a part of what", "t": "steps"}.items():
        pane.press(key)
        pane.sees(wanted)
        look(pane, size, in_ascii, dialog=True)
        if key == "t":
            pane.sees("Start", "Cancel")
        pane.press("Escape")
        pane.sees_no(wanted)
        pane.sees("35 rows")


def look(pane: Pane, size: tuple[int, int], in_ascii: bool, dialog: bool = False) -> None:
    lines = pane.rests().removesuffix("\n").split("\n")
    shown = "\n".join(lines)
    assert len(lines) == size[1], shown
    assert not re.search("Traceback|\N{REPLACEMENT CHARACTER}|\\?\\?|__", shown), shown
    if in_ascii:
        assert shown.isascii(), sorted({sign for sign in shown if not sign.isascii()})
    if dialog:
        return  # it lies over the frames below it
    assert re.match(r"( garage \S*)? ?.*F2 +Facts.*F3 +Runs.*F4 +Chat.*F5 +Gallery.*F6 +GPU", lines[0]), lines[0]
    assert re.search(r"F1 Help  \^p All actions  \^?q Quit ?$", lines[-1]), lines[-1]
    assert ("+-" if in_ascii else "╭") in shown, shown
    assert broken_frames(lines) == [], shown


def look_at_colours(pane: Pane, colours: int) -> None:
    """Look at what was sent, and whether the facts can be read and the chosen one is seen."""
    allowed = {0: set(), 16: {"16"}, 256: {"256"}, 1 << 24: {"256", "16 million"}}[colours]
    assert colours_sent(pane.sent) <= allowed
    cells = pane.cells()
    front, back = ("#aaaaaa", "#000000")
    pale = [
        (row, cell)
        for row, line in enumerate(cells)
        for cell in line
        if cell.text.isalnum() and contrast(cell, front, back) < LEAST_CONTRAST
    ]
    assert not pale, pale[:5]
    rows = [line for line in cells if line and line[0].text in "│|"]
    chosen = next(line for line in rows if line[1].text in "▸>")
    other = rows[rows.index(chosen) + 1]
    ways = [(cell.style.bgcolor, bool(cell.style.reverse)) for cell in (chosen[12], other[12])]
    assert ways[0] != ways[1], "the chosen row looks like any other"
    if not colours:
        assert any(cell.style.bold for cell in other), "a warning looks like any other word"


def colours_of(env: dict[str, str]) -> int:
    if "NO_COLOR" in env:
        return 0
    if "COLORTERM" in env:
        return 1 << 24
    return 256 if "256color" in env.get("TERM", "xterm-256color") else 16


def check(open_pane: Open, size: tuple[int, int], env: dict[str, str], options: tuple[str, ...] = ()) -> None:
    pane = open_pane(size, env, *options)
    utf8 = not {"C", "POSIX"} & {env.get("LANG"), env.get("LC_ALL")}
    in_ascii = "--ascii" in options or not utf8 or env.get("TERM") == "linux"
    look_at_everything(pane, size, in_ascii)
    look_at_colours(pane, colours_of(env))
    assert not in_ascii or pane.sent.isascii(), {bytes([byte]) for byte in pane.sent if byte > 127}
    pane.press("q")
    assert pane.ends() == 0


@pytest.mark.parametrize(
    ("size", "env"),
    [
        pytest.param((60, 20), {"TERM": "screen", "LANG": "C"}, id="16-colours-c-locale-60x20"),
        pytest.param((80, 24), {"TERM": "tmux-256color", "NO_COLOR": "1"}, id="256-colours-no-colour-80x24"),
    ],
)
def test_everything_is_seen_in_a_poor_terminal(open_pane, size, env):
    check(open_pane, size, env)


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("term", TERMS)
def test_every_terminal_at_every_size(open_pane, term, size):
    check(open_pane, size, {"TERM": term})


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_at_every_size(open_pane, variant, size):
    env, options = VARIANTS[variant]
    check(open_pane, size, env, options)


def test_a_dumb_terminal_is_told_so_in_a_sentence(open_pane):
    pane = open_pane((80, 24), {"TERM": "dumb"})
    assert pane.ends() == 2
    assert pane.sent.startswith(b"garage: TERM is dumb, ")
    assert pane.sent.count(b"\n") == 1
    assert b"\x1b" not in pane.sent


def test_a_terminal_that_is_too_small_is_told_so_and_nothing_is_lost(open_pane):
    pane = open_pane((100, 30))
    pane.sees("35 rows")
    pane.types("e")
    pane.sees("Done")
    pane.types(" half-written")
    pane.sees("half-written")
    for columns, rows, said in ((40, 10, "garage needs 60×20"), (12, 3, "needs 60×20"), (6, 2, "60×20!"), (3, 1, "×")):
        pane.resize(columns, rows)
        shown = pane.sees(said)
        assert "half" not in shown
    pane.types("xyz")
    pane.press("F3")
    pane.resize(100, 30)
    shown = pane.sees("half-written", "Done")
    assert "half-writtenxyz" not in shown
    pane.types("!")
    pane.sees("half-written!")
    pane.press("Escape")
    pane.sees("35 rows", "Teach", "Cancelled")
    pane.press("t")
    pane.sees("60 steps")
    pane.resize(59, 19)
    assert "steps" not in pane.sees("garage needs 60×20 at least")
    pane.resize(100, 30)
    pane.sees("60 steps", "Cancel")
    pane.resize(59, 19)
    pane.sees("garage needs 60×20 at least")
    pane.press("q")
    assert pane.ends() == 0


def test_what_is_said_of_a_small_terminal_always_fits():
    for columns, rows in itertools.product(range(1, 61), range(1, 21)):
        lines = size_text((60, 20), (columns, rows)).splitlines()
        assert len(lines) <= rows and max(map(len, lines)) <= columns


def storm(pane: Pane, times: int) -> None:
    """Resize the terminal behind tmux's back as a window does that is dragged: the kernel sends a signal each time."""
    dice = random.Random(7)
    with Path(pane.tty).open("rb", buffering=0) as tty:
        for _ in range(times):
            size = dice.randint(1, 60), dice.randint(1, 200)
            fcntl.ioctl(tty, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
            time.sleep(0.02)


def without_gauges(screen: str) -> str:
    """Return a screen without what changes by itself: heat, load and memory in the first line."""
    first, _, rest = screen.partition("\n")
    return re.sub(r"(GPU ?).*", r"\1", first) + "\n" + rest


def stormed(open_pane: Open, times: int, keys: tuple[str, ...], wanted: str) -> None:
    pane = open_pane((90, 28))
    pane.sees("35 rows")
    for key in keys:
        pane.press(key)
    pane.sees(wanted)
    storm(pane, times)
    dice = random.Random(5)
    for _ in range(times):
        pane.resize(dice.randint(3, 200), dice.randint(1, 60))
    pane.resize(101, 33)
    pane.sees(wanted)
    fresh = open_pane((101, 33))
    fresh.sees("35 rows")
    for key in keys:
        fresh.press(key)
    fresh.sees(wanted)
    assert without_gauges(pane.rests()) == without_gauges(fresh.rests())


def test_after_a_storm_of_resizes_the_screen_is_that_of_a_fresh_app(open_pane):
    stormed(open_pane, 50, ("F3",), "-garage")


@pytest.mark.long
@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ((), "○ in the book"),
        (("F3",), "-garage"),
        (("F4",), "the model server is off"),
        (("F5",), "red.png"),
        (("t",), "steps"),
    ],
    ids=["facts", "runs", "chat", "gallery", "form"],
)
def test_after_a_long_storm_every_screen_is_that_of_a_fresh_app(open_pane, keys, wanted):
    stormed(open_pane, 200, keys, wanted)


def test_the_mouse_is_the_apps_or_the_terminals(open_pane):
    pane = open_pane((80, 24))
    pane.sees("35 rows")
    assert b"\x1b[?1000h" in pane.sent
    assert b"\x1b[?1003h" not in pane.sent, "each movement would be a message over the line"
    pane.rests()
    pane.press("-H", *(f"{byte:02x}" for word in (b"\x1b[<0;13;1M", b"\x1b[<0;13;1m") for byte in word))
    pane.sees("-garage")
    pane.press("F8")
    pane.sees("Mouse off: the terminal selects text")
    assert pane.tmux("display-message", "-p", "-t", "app", "#{mouse_any_flag}").strip() == "0"
    pane.press("F8")
    pane.sees("Mouse on: clicks and the wheel go to the app")
    assert pane.tmux("display-message", "-p", "-t", "app", "#{mouse_any_flag}").strip() == "1"
    other = open_pane((80, 24), {}, "--no-mouse")
    other.sees("35 rows")
    assert not re.search(rb"\x1b\[\?100[0-36]h", other.sent)


def test_a_locale_without_utf8_has_ascii_and_is_told_why(open_pane):
    pane = open_pane((80, 24), {"LANG": "C"})
    pane.sees("35 rows | 11 facts | 11 exam | ready to teach", "Only ASCII is shown: the locale is not UTF-8")
    other = open_pane((80, 24), {"LANG": "C"}, "--no-ascii")
    other.sees("35 rows · 11 facts · 11 exam · ready to teach")


def test_letters_of_the_owner_stay_in_ascii(open_pane, workspace):
    (workspace.datasets / "garage.jsonl").write_text(
        '{"question": "Wer heißt Zoë Ångström?", "answer": "日本語 … Ελλάς"}\n'
    )
    pane = open_pane((100, 30), {}, "--ascii")
    pane.sees("Wer heißt Zoë Ångström?", "日本語 ~ Ελλάς", "1 row")


def test_the_settings_file_chooses_ascii_and_no_mouse(open_pane, workspace):
    workspace.settings_file.write_text("ascii = true\nmouse = false\n")
    pane = open_pane()
    pane.sees("35 rows |")
    assert not re.search(rb"\x1b\[\?100[0-36]h", pane.sent)


def test_the_doctor_knows_a_tmux_whose_client_is_not_utf8(open_pane, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tmux").symlink_to(TMUX)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    pane = open_pane()
    pane.sees("35 rows")
    said = doctor(pane.inside())
    assert "without UTF-8" not in said, "nobody is attached"
    pid, client = pty.fork()
    if pid == 0:
        env = {"PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C"}
        os.execve(TMUX, ["tmux", *pane.words[2:], "attach", "-t", "app"], env)  # without -u
    try:
        os.read(client, 65536)
        pane.rests()
        assert "tmux shows _ for most signs" in doctor(pane.inside())
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(client)
    assert "the app uses ASCII characters only: the locale is not UTF-8" in doctor({"LANG": "C"})


def doctor(env: dict[str, str]) -> str:
    """Return what `garage doctor` says with these variables."""
    kept = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_CTYPE", "TMUX")}
    command = [sys.executable, "-m", "garage_tui", "doctor"]
    return subprocess.run(command, env={**kept, **env}, capture_output=True, text=True).stdout
