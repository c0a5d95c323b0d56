"""What the terminal is asked, what its answers mean, and that nothing of them is left for anybody else."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
import time

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.terminal.capabilities import IMAGE_MODES, Terminal, forced_mode, is_utf8, next_mode
from garage_tui.core.terminal.query import TerminalQuery, query_terminal
from tests.support.repository import REPOSITORY

KITTY_OK = b"\x1b_Gi=31;OK\x1b\\"
CELL, WINDOW, REGISTERS = b"\x1b[6;20;10t", b"\x1b[4;480;800t", b"\x1b[?1;0;1024S"
SIXEL, PLAIN = b"\x1b[?62;4;22c", b"\x1b[?62;22c"


def name(word: bytes) -> bytes:
    return b"\x1bP>|" + word + b"\x1b\\"


# Asks, then listens as the next reader would: what is left over must be nothing.
ASKER = """
import json, msgspec, os, select, signal, sys, termios, time, tty
from garage_tui.core.terminal.query import TerminalQuery, query_terminal
signal.signal(signal.SIGINT, signal.default_int_handler)
before, told, interrupted = termios.tcgetattr(0), None, False
try:
    told = msgspec.structs.asdict(query_terminal(json.loads(sys.argv[2])))
except KeyboardInterrupt:
    interrupted = True
same = termios.tcgetattr(0) == before
tty.setcbreak(0)
left = b""
while select.select([0], [], [], 0.4)[0]:
    left += os.read(0, 4096)
found = {"told": told, "left": left.decode("latin-1"), "same": same, "interrupted": interrupted}
open(sys.argv[1], "w").write(json.dumps(found))
"""


class Asked:
    """How it went: what was understood, what the terminal saw, what was left."""

    def __init__(self, found: dict[str, object], seen: bytes) -> None:
        told = found["told"]
        if told:
            told = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
        self.terminal = Terminal(**told) if told else None
        self.left, self.same, self.interrupted, self.seen = found["left"], found["same"], found["interrupted"], seen


@pytest.fixture
def asked(tmp_path):
    """Runs `ask` in a process of its own, on a terminal that says `says`: (seconds, bytes) after the question."""

    def run(*says: tuple[float, bytes], fixed=None, pixels=(0, 0), code=ASKER, **env: str) -> Asked:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, *pixels))
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "found.json"), json.dumps(fixed)],
            stdin=slave,
            stdout=slave,
            stderr=(tmp_path / "stderr").open("w"),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            cwd=REPOSITORY,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "TERM": "xterm-256color",
                "LANG": "C.UTF-8",
                "PYTHONPATH": str(REPOSITORY),
            }
            | env,
        )
        os.close(slave)
        seen, began = b"", None
        waiting = list(says)
        while child.poll() is None or select.select([master], [], [], 0)[0]:
            if select.select([master], [], [], 0.01)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    break
            if began is None and seen.endswith(b"\x1b[c\x1b8\x1b[K"):
                began = time.monotonic()
            while waiting and began is not None and time.monotonic() - began >= waiting[0][0]:
                os.write(master, waiting.pop(0)[1])
        os.close(master)
        assert child.wait() == 0, (tmp_path / "stderr").read_text()
        return Asked(json.loads((tmp_path / "found.json").read_text()), seen)

    return run


@pytest.mark.parametrize(
    ("answer", "pictures"),
    [
        (KITTY_OK + name(b"kitty(0.43.1)") + CELL + WINDOW + PLAIN, "kitty"),
        (KITTY_OK + name(b"ghostty 1.2.3") + CELL + PLAIN, "kitty"),
        (KITTY_OK + name(b"WezTerm 20240203") + CELL + SIXEL, "sixel"),
        (KITTY_OK + name(b"Konsole 25.04") + CELL + SIXEL, "sixel"),
        (KITTY_OK + name(b"Warp(v0)") + CELL + PLAIN, "half"),
        (name(b"XTerm(379)") + REGISTERS + WINDOW + b"\x1b[?63;1;2;4;6;9;15;22c", "sixel"),
        (name(b"foot(1.16.2)") + CELL + SIXEL, "sixel"),
        (SIXEL, "half"),  # without the size of a cell a picture would not fit
        (b"\x1b_Gi=31;EINVAL:no\x1b\\" + name(b"kitty(0.43.1)") + CELL + PLAIN, "half"),
        (b"\x1b[?1;2c", "half"),
    ],
)
def test_each_terminal_is_taken_at_its_word_but_not_beyond_what_it_can(asked, answer, pictures):
    went = asked((0.0, answer))
    assert went.terminal.image_mode == pictures
    assert went.terminal.seconds is not None
    assert went.left == ""
    assert went.same
    assert went.terminal.image_modes == (*({pictures} & {"kitty", "sixel"}), "half", "ascii")


def test_pixels_and_registers_are_understood_from_whoever_tells_them(asked):
    assert asked((0, KITTY_OK + CELL + PLAIN)).terminal.cell == (10, 20)
    assert asked((0, WINDOW + SIXEL)).terminal.cell == (10, 20)
    assert asked((0, SIXEL), pixels=(480, 312)).terminal.cell == (6, 13)
    assert asked((0, b"\x1b[6;0;99999t" + SIXEL), pixels=(480, 312)).terminal.cell == (6, 13)
    assert asked((0, b"\x1b[?1;0;16S" + CELL + SIXEL)).terminal.registers == 16
    assert asked((0, REGISTERS + CELL + SIXEL)).terminal.registers == 256
    assert asked((0, b"\x1b[?2;0;1000;800S" + CELL + SIXEL)).terminal.most_pixels == (1000, 800)
    assert asked((0, b"\x1b[?2;1;0S" + CELL + SIXEL)).terminal.most_pixels is None


def test_an_answer_over_a_slow_line_is_waited_for_and_makes_pictures_smaller(asked):
    slow = asked((0.8, KITTY_OK + name(b"kitty(0.43.1)") + CELL + PLAIN))
    assert slow.terminal.image_mode == "kitty"
    assert slow.left == ""
    assert slow.terminal.seconds >= 0.8
    assert slow.terminal.most_bytes < Terminal(seconds=0.01).most_bytes


def test_an_answer_in_drops_is_one_answer(asked):
    answer = name(b"foot(1.16.2)") + CELL + SIXEL
    went = asked(*((0.01 * at, answer[at : at + 1]) for at in range(len(answer))))
    assert went.terminal.image_mode == "sixel"
    assert went.left == ""


def test_of_an_answer_that_comes_half_too_late_nothing_is_left(asked):
    went = asked((0.9, KITTY_OK + name(b"kit")), (1.02, b"ty(0.43.1)\x1b\\"), (1.04, CELL + PLAIN))
    assert went.left == ""
    assert went.same


def test_garbage_is_half_blocks_and_leaves_nothing(asked):
    went = asked((0.0, bytes(range(0x20, 0x7F)) * 20 + b"\x1b[?;;;;"), (0.3, b"\xff\xfe\x1b_Gi=31;OK"))
    assert went.terminal.image_mode == "half"
    assert went.terminal.seconds is None
    assert went.left == ""
    assert went.same


def test_a_terminal_that_says_nothing_gets_half_blocks(asked):
    went = asked()
    assert went.terminal == Terminal("half", None, 256, image_modes=("half", "ascii"))
    assert went.same


def test_ctrl_c_while_it_is_asked_leaves_the_terminal_as_it_was(asked):
    went = asked((0.2, b"\x03"))
    assert went.interrupted
    assert went.same


def test_what_it_prints_of_the_question_is_wiped_away(asked):
    assert asked((0, PLAIN)).seen.startswith(b"\x1b7\x1b_Gi=31,")  # the place is kept; `asked` waits for the wiping


@pytest.mark.parametrize(
    "env", [{"TERM": "dumb"}, {"TERM": ""}, {"LANG": "C"}, {"LANG": "de_DE.ISO-8859-1"}, {"LC_ALL": "C"}]
)
def test_plain_terminals_get_ascii_and_are_not_asked(asked, env):
    went = asked((0, KITTY_OK + CELL + SIXEL), **env)
    assert went.terminal.image_mode == "ascii"
    assert went.seen == b""


def test_the_linux_console_is_not_asked_what_it_would_print(asked):
    went = asked(TERM="linux")
    assert went.terminal == Terminal("half", None, 16, image_modes=("half", "ascii"))
    assert went.seen == b""


def test_without_colours_half_blocks_would_show_nothing(asked):
    assert asked((0, PLAIN), NO_COLOR="1").terminal.image_mode == "ascii"
    assert asked((0, CELL + SIXEL), NO_COLOR="1").terminal.image_mode == "sixel"


def test_without_a_terminal_there_is_ascii():
    reader, writer = os.pipe()
    assert query_terminal(env={"TERM": "xterm", "LANG": "C.UTF-8"}, reader=reader, writer=writer) == Terminal(
        "ascii", None, 16
    )
    os.close(reader)
    os.close(writer)


def test_in_the_background_it_is_not_asked_and_nobody_is_stopped(asked):
    code = """
import os, sys
if pid := os.fork():
    state = os.waitpid(pid, os.WUNTRACED)[1]
    assert os.WIFEXITED(state), "stopped"
    sys.exit(os.waitstatus_to_exitcode(state))
os.setpgid(0, 0)
import json, msgspec
from garage_tui.core.terminal.query import TerminalQuery, query_terminal
found = {"told": msgspec.structs.asdict(query_terminal()), "left": "", "same": True, "interrupted": False}
open(sys.argv[1], "w").write(json.dumps(found))
"""
    went = asked(code=code)
    assert went.terminal.image_mode == "half"
    assert went.seen == b""


def test_a_setting_and_over_it_the_environment_fix_the_way():
    assert forced_mode({}, "auto") is None
    assert forced_mode({}, "half") == "half"
    assert forced_mode({"GARAGE_PICTURES": "sixel"}, "half") == "sixel"
    assert forced_mode({"GARAGE_PICTURES": "auto"}, "half") is None
    with pytest.raises(
        BadInputError, match="'video' is not a way to show pictures: choose auto, kitty, sixel, half, ascii"
    ):
        forced_mode({}, "video")


def test_what_is_fixed_is_asked_for_no_more_than_it_needs(asked):
    half = asked(fixed="half", pixels=(480, 312))
    assert (half.seen, half.terminal.image_mode, half.terminal.cell) == (b"", "half", (6, 13))
    sixel = asked((0, CELL + PLAIN), fixed="sixel")
    assert (sixel.terminal.image_mode, sixel.terminal.cell) == ("sixel", (10, 20))


def test_a_key_goes_round_all_four():
    way, seen = "kitty", []
    for _ in IMAGE_MODES:
        seen.append(way)
        way = next_mode(way)
    assert seen == ["kitty", "sixel", "half", "ascii"]
    assert way == "kitty"


@pytest.mark.parametrize(
    ("env", "can"),
    [
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "C.utf8"}, True),
        ({"LC_ALL": "C", "LANG": "C.UTF-8"}, False),
        ({}, False),
    ],
)
def test_the_locale_says_whether_blocks_can_be_printed(env, can):
    assert is_utf8(env) is can


class TestInTmux:
    """tmux claims what it can do itself; what matters is the terminal around it."""

    @pytest.fixture
    def tmux(self, tmp_path):
        """Puts a tmux of its own in the PATH, which says of its client what the test says."""

        def make(features: str) -> dict[str, str]:
            program = tmp_path / "bin" / "tmux"
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/sh\n[ \"$3\" = '#{{client_termfeatures}}' ] && echo '{features}'\n")
            program.chmod(0o755)
            path = f"{program.parent}:{os.environ['PATH']}"
            return {"TMUX": "/tmp/tmux-0/default,1,0", "TERM": "tmux-256color", "PATH": path}

        return make

    def test_sixel_is_believed_if_the_terminal_around_it_can(self, asked, tmux):
        answer = name(b"tmux 3.5a") + CELL + b"\x1b[?1;2;4c"
        assert asked((0, answer), **tmux("256,RGB,sixel,title")).terminal.image_mode == "sixel"
        assert asked((0, answer), **tmux("256,RGB,title")).terminal.image_mode == "half"

    def test_a_tmux_on_another_box_cannot_be_asked_and_gets_half_blocks(self, asked):
        answer = name(b"tmux 3.5a") + CELL + b"\x1b[?1;2;4c"
        assert asked((0, answer), TERM="tmux-256color").terminal.image_mode == "half"

    def test_kitty_is_not_asked_for_because_tmux_would_take_it_for_a_title(self, asked, tmux):
        went = asked((0, KITTY_OK + name(b"tmux 3.5a") + CELL + b"\x1b[?1;2c"), **tmux("RGB"))
        assert b"\x1b_G" not in went.seen
        assert went.terminal.image_mode == "half"
        assert went.terminal.tmux

    @pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is missing (Debian: apt install tmux)")
    def test_the_real_one_answers_and_keeps_its_title(self, tmp_path):
        server = ["tmux", "-S", str(tmp_path / "socket"), "-f", os.devnull]
        run = f"{sys.executable} -c '{ASKER}' {tmp_path / 'found.json'} null; sleep 60"
        script = tmp_path / "run.sh"
        script.write_text(f"cd {REPOSITORY}\nprintf '\\033]2;mine\\033\\\\'\n{run}\n")
        try:
            subprocess.run(
                [*server, "new-session", "-d", "-x", "80", "-y", "24", f"LANG=C.UTF-8 sh {script}"], check=True
            )
            for _ in range(200):
                if (tmp_path / "found.json").exists() and (tmp_path / "found.json").read_text():
                    break
                time.sleep(0.1)
            found = Asked(json.loads((tmp_path / "found.json").read_text()), b"")
            shown = [*server, "display-message", "-p", "#{pane_title}"]
            assert subprocess.run(shown, capture_output=True, text=True).stdout.strip() == "mine"
        finally:
            subprocess.run([*server, "kill-server"], capture_output=True)
        assert found.terminal.image_mode == "half"
        assert found.terminal.tmux
        assert found.terminal.seconds is not None
        assert found.left == ""


# As the app does it: asks, does something else for a while, looks what has come, and sifts what comes later.
LATER = """
import json, msgspec, os, select, sys, termios, time, tty
from garage_tui.core.terminal.query import TerminalQuery
before = termios.tcgetattr(0)
with TerminalQuery(json.loads(sys.argv[2])) as question:
    time.sleep(0.3)
    began = time.monotonic()
    question.read_reply(0.02)
    waited = time.monotonic() - began
same, was_open = termios.tcgetattr(0) == before, question.is_open
tty.setcbreak(0)
left = question.take_kept()
while select.select([0], [], [], 1.0)[0]:
    left += question.filter_input(os.read(0, 3))
left += question.take_kept()
told = msgspec.structs.asdict(question.terminal)
found = {"told": told, "left": left.decode("latin-1"), "same": same, "interrupted": False}
open(sys.argv[1], "w").write(json.dumps(found))
assert not (was_open and waited > 0.2), waited
"""


def test_an_answer_that_comes_while_the_app_is_imported_is_there_and_so_are_keys(asked):
    answer = KITTY_OK + name(b"kitty(0.43.1)") + CELL + PLAIN
    went = asked((0.05, b"a"), (0.1, answer), code=LATER)
    assert (went.terminal.image_mode, went.terminal.cell) == ("kitty", (10, 20))
    assert went.terminal.most_bytes == Terminal(seconds=0.01).most_bytes, "the import is no slow line"
    assert went.left == "a"
    assert went.same


def test_a_late_answer_is_understood_and_is_nobodys_keys(asked):
    answer = KITTY_OK + name(b"foot(1.16.2)") + CELL + REGISTERS + b"\x1b[?2;0;1000;1000S" + SIXEL
    went = asked((0.5, b"x" + answer + b"y\x1b[6~"), code=LATER)
    assert went.terminal.image_mode == "sixel"
    assert went.terminal.seconds >= 0.5
    assert went.left == "xy\x1b[6~"


def test_a_terminal_that_never_answers_keeps_nobody_waiting(asked):
    went = asked((0.5, b"\x1b[6~ \x1b"), code=LATER)
    assert went.terminal == Terminal("half", None, 256, image_modes=("half", "ascii"))
    assert went.left == "\x1b[6~ \x1b"
    assert asked(code=LATER, TERM="dumb").terminal == Terminal("ascii")
    assert asked(code=LATER, fixed="half", pixels=(800, 480)).terminal == Terminal(
        "half", (10, 20), 256, image_modes=("half", "ascii")
    )


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_however_an_answer_is_cut_none_of_it_is_taken_for_keys(size):
    answer = KITTY_OK + b"k" + name(b"XTerm(379)") + REGISTERS + CELL + b"\x1b[A" + WINDOW + SIXEL + b"q"
    question = TerminalQuery(env={"TERM": "dumb"})
    question.is_open = True
    rest = b"".join(question.filter_input(answer[at : at + size]) for at in range(0, len(answer), size))
    assert rest == b"k\x1b[Aq"
    assert not question.is_open
    assert question.take_kept() == b""
