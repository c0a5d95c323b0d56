"""`garage show`: what is sent is the picture, whatever the file; nothing that a file or its name says is run."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import struct
import subprocess
import sys
import termios
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from garage_tui.cli import show
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.images import safe_image
from garage_tui.core.terminal import image_render
from garage_tui.core.terminal.capabilities import IMAGE_MODES, Terminal
from tests.support.repository import REPOSITORY
from tests.support.screen_codes import butterfly, coloured, difference, kitty_codes, kitty_images, sixel_rows

GARAGE = [sys.executable, "-m", "garage_tui"]
KITTY = b"\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.43.1)\x1b\\\x1b[6;20;10t\x1b[?62;22c"
XTERM = b"\x1bP>|XTerm(379)\x1b\\\x1b[6;20;10t\x1b[?1;0;1024S\x1b[?63;4;22c"


@pytest.fixture
def file(tmp_path):
    butterfly().save(tmp_path / "butterfly.png")
    return tmp_path / "butterfly.png"


def piped(*words: object, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `garage show` with its output in a pipe."""
    command = [*GARAGE, "show", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=REPOSITORY, env=os.environ | env, stdin=subprocess.DEVNULL
    )


def on_terminal(*words: object, answer: bytes = b"", **env: str) -> str:
    """Run `garage show` on a terminal of 80 × 24 that answers so, and return what it was sent after the question."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    settings = termios.tcgetattr(slave)
    settings[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    child = subprocess.Popen(
        [*GARAGE, "show", *map(str, words)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=REPOSITORY,
        env=os.environ | {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "", "NO_COLOR": ""} | env,
    )
    os.close(slave)
    seen, question = b"", 0
    while child.poll() is None or select.select([master], [], [], 0)[0]:
        if select.select([master], [], [], 0.02)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
        if not question and seen.endswith(b"\x1b[c\x1b8\x1b[K"):
            question = len(seen)
            os.write(master, answer)
    os.close(master)
    assert child.wait() == 0, seen
    return seen[question:].decode()


def test_every_way_can_be_named():
    assert show._MODES == IMAGE_MODES


def test_kitty_gets_the_very_pixels(file):
    sent = on_terminal(file, answer=KITTY)
    ((keys, image),) = kitty_images(sent).values()
    assert image.tobytes() == butterfly().tobytes()
    assert keys["f"] == "100"
    assert (int(keys["c"]), int(keys["r"])) == (46, 23)  # square: 460 by 460 pixels
    assert all(more.get("q") == "2" for more, _ in kitty_codes(sent)), "an answer would be typed into the shell"


def test_kitty_in_tmux_is_handed_through_and_text_stands_in_its_place(file):
    sent = on_terminal(file, "--as", "kitty", answer=b"\x1b[6;20;10t\x1b[?1;2c", TMUX="/x,1,0", TERM="tmux-256color")
    through = "".join(
        code.replace("\x1b\x1b", "\x1b") for code in re.findall(r"\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\", sent)
    )
    ((number, (keys, image)),) = kitty_images(through).items()
    assert image.tobytes() == butterfly().tobytes()
    assert keys["U"] == "1"
    assert sent.count("\U0010eeee") == 46 * 23
    assert f"38;5;{number}m" in sent, "tmux keeps no other colour for sure"


@pytest.mark.parametrize("colours", [256, 16])
def test_sixel_is_the_picture_as_near_as_its_colours_allow(file, colours):
    sent = on_terminal(file, answer=XTERM.replace(b"1024", b"%d" % colours))
    image = sixel_rows(sent)
    assert image.size == (460, 460)
    assert len(image.getcolors(1000)) <= colours
    assert difference(image, butterfly().resize((460, 460), Image.Resampling.LANCZOS)) < (4 if colours == 256 else 20)


def test_half_blocks_have_the_mean_colours_of_what_they_stand_for(file):
    sent = on_terminal(file, "--width", 24, answer=b"\x1b[?1;2c", COLORTERM="truecolor")
    small = butterfly().resize((24, 24), Image.Resampling.BOX)
    lines = sent.splitlines()
    assert len(lines) == 12
    for row, line in enumerate(lines):
        for column, (letter, ink, ground) in enumerate(coloured(line)):
            assert letter == "▀"
            assert ink == "8;2;{};{};{}".format(*small.getpixel((column, 2 * row)))
            assert ground == "8;2;{};{};{}".format(*small.getpixel((column, 2 * row + 1)))


def test_half_blocks_in_256_colours_have_the_nearest(tmp_path):
    Image.new("RGB", (8, 8), (250, 100, 10)).save(tmp_path / "a.png")
    sent = on_terminal(tmp_path / "a.png", "--width", 4, answer=b"\x1b[?1;2c", COLORTERM="")
    assert coloured(sent.splitlines()[0]) == [("▀", "8;5;202", "8;5;202")] * 4
    sent = on_terminal(tmp_path / "a.png", "--width", 4, answer=b"\x1b[?1;2c", COLORTERM="", TERM="xterm")
    assert coloured(sent.splitlines()[0]) == [("▀", "1", "1")] * 4


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"LANG": "C"}, {"TERM": "dumb", "LANG": "C"}])
def test_on_a_dumb_terminal_and_in_c_it_is_pure_ascii(file, env):
    sent = on_terminal(file, **env)
    assert set(sent) <= set(" .:-=+*#%@\n")
    lines = sent.splitlines()
    assert len(lines) == 23
    assert len(set(sent)) > 5


def test_into_a_pipe_it_is_ascii_unless_it_is_told_otherwise(file):
    went = piped(file, "--width", 20, COLUMNS="80", LINES="24")
    assert went.returncode == 0
    assert went.stdout.isascii()
    assert "\x1b" not in went.stdout
    assert max(map(len, went.stdout.splitlines())) == 20
    assert sixel_rows(piped(file, "--as", "sixel", "--width", 20).stdout).size == (200, 200)
    assert kitty_images(piped(file, "--as", "kitty").stdout)
    assert "▀" in piped(file, "--as", "half").stdout


def test_what_takes_too_many_bytes_is_sent_with_less_in_it(tmp_path):
    noise = Image.effect_noise((700, 700), 90)
    noise = Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180)))
    noise.save(tmp_path / "noise.png")
    for way in ("kitty", "sixel"):
        for seconds in (0.01, 0.9):
            terminal = Terminal(way, (10, 20), 1 << 24, seconds=seconds)
            sent = image_render.render(tmp_path / "noise.png", terminal, 80, 40)
            assert terminal.most_bytes / 3 < len(sent) < terminal.most_bytes * 1.1


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is missing (Debian: apt install tmux)")
def test_in_a_real_tmux_half_blocks_stand_on_the_screen(file, tmp_path):
    server = ["tmux", "-S", str(tmp_path / "socket"), "-f", os.devnull]
    script = tmp_path / "run.sh"
    script.write_text(f"cd {REPOSITORY}\n{shlex.join(GARAGE)} show {file} --width 24\necho shown; sleep 60\n")
    try:
        subprocess.run(
            [*server, "new-session", "-d", "-x", "80", "-y", "24", f"LANG=C.UTF-8 COLORTERM=truecolor sh {script}"],
            check=True,
        )
        for _ in range(200):
            capture = subprocess.run([*server, "capture-pane", "-e", "-p"], capture_output=True, text=True).stdout
            if "shown" in capture:
                break
            time.sleep(0.1)
    finally:
        subprocess.run([*server, "kill-server"], capture_output=True)
    small = butterfly().resize((24, 24), Image.Resampling.BOX)
    for row, line in enumerate(capture.splitlines()[:12]):
        cells = coloured(line)
        assert [letter for letter, _, _ in cells] == ["▀"] * 24
        assert [ink for _, ink, _ in cells] == ["8;2;{};{};{}".format(*small.getpixel((x, 2 * row))) for x in range(24)]


class TestAnyFile:
    """Whatever the file is, the answer is its picture or one sentence."""

    def read(self, image: Image.Image, path: Path, **options: object) -> Image.Image:
        image.save(path, **options)
        return safe_image.read(path)

    def test_a_photograph_stands_upright(self, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by a quarter
        image = self.read(butterfly(96, 48), tmp_path / "a.jpg", exif=exif, quality=95)
        assert image.size == (48, 96)
        assert difference(image, butterfly(96, 48).rotate(-90, expand=True)) < 8

    def test_what_is_transparent_lies_on_the_ground(self, tmp_path):
        clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
        clear.putpixel((0, 0), (255, 0, 0, 255))
        clear.save(tmp_path / "a.png")
        image = safe_image.read(tmp_path / "a.png", background=(1, 2, 3))
        assert [image.getpixel((0, 0)), image.getpixel((1, 1))] == [(255, 0, 0), (1, 2, 3)]
        clear.convert("P").save(tmp_path / "b.gif", transparency=0)
        assert safe_image.read(tmp_path / "b.gif").mode == "RGB"

    @pytest.mark.parametrize(
        ("mode", "value", "kind", "seen"),
        [
            ("L", 128, "png", 128),
            ("LA", (128, 255), "png", 128),
            ("I;16", 32768, "png", 128),
            ("1", 1, "png", 255),
            ("P", 0, "gif", 0),
            ("CMYK", (0, 0, 0, 255), "jpg", 0),
            ("RGB", (90, 90, 90), "ppm", 90),
            ("RGB", (90, 90, 90), "bmp", 90),
            ("RGB", (90, 90, 90), "webp", 90),
        ],
    )
    def test_every_depth_keeps_its_brightness(self, tmp_path, mode, value, kind, seen):
        image = self.read(Image.new(mode, (3, 3), value), tmp_path / f"a.{kind}")
        assert image.getpixel((1, 1)) == pytest.approx((seen,) * 3, abs=2)

    def test_floats_are_stretched_from_black_to_white(self):
        numbers = Image.new("F", (2, 1))
        numbers.putdata([-3.5, 1e6])
        image = safe_image.to_rgb(numbers)
        assert [image.getpixel((0, 0)), image.getpixel((1, 0))] == [(0, 0, 0), (255, 255, 255)]

    @pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000)])
    @pytest.mark.parametrize("way", ["kitty", "sixel", "half", "ascii"])
    def test_the_smallest_and_the_thinnest_are_shown(self, tmp_path, size, way):
        Image.new("RGB", size, (200, 200, 200)).save(tmp_path / "a.png")
        assert image_render.render(tmp_path / "a.png", Terminal(way, None, 1 << 24), 40, 20)

    def test_a_bomb_is_not_unpacked(self, tmp_path):
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        for size in (9000, 60000):
            head = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
            (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
            with pytest.raises(BadInputError, match=r"bomb\.png is too large to be shown: more than 64 million pixels"):
                safe_image.read(tmp_path / "bomb.png")

    def test_a_damaged_file_is_said_to_be_so(self, file, tmp_path):
        whole = file.read_bytes()
        (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadInputError, match=r"cut\.png is damaged: "):
            safe_image.read(tmp_path / "cut.png")
        (tmp_path / "flipped.png").write_bytes(whole[:60] + b"\xff\x00" + whole[62:])
        with pytest.raises(BadInputError, match=r"flipped\.png is damaged: "):
            safe_image.read(tmp_path / "flipped.png")

    def test_errors_are_one_clean_line_and_the_exit_code_is_2(self, tmp_path):
        evil = tmp_path / "a\x1b]0;gotcha\x07\nb.png"
        evil.write_bytes(b"")
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "run.eps").write_text(
            "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch ran) (w) file\n"
        )
        for path, words in (
            (tmp_path / "none.png", "there is no file"),
            (tmp_path, "is not a file: name a picture"),
            (tmp_path / "pipe", "is not a file"),
            (evil, "is not a picture that can be shown"),
            (tmp_path / "run.eps", "is not a picture that can be shown"),
            (tmp_path / ("x" * 300), "cannot be read"),
        ):
            went = piped(path)
            assert went.returncode == 2
            assert went.stdout == ""
            assert words in went.stderr
            assert len(went.stderr.splitlines()) == 1
            assert went.stderr.strip().isprintable()
        assert piped(evil, "--width", 0).returncode == 2
