"""The picture in the app: what is painted, when, and that nothing of it stays where it no longer is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest
from PIL import Image
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.signal import Signal
from textual.widgets import ContentSwitcher, Static

from garage_tui.core.terminal.capabilities import Terminal
from garage_tui.widgets import picture as picture_module
from garage_tui.widgets.picture import Picture
from tests.support.repository import REPOSITORY
from tests.support.screen_codes import (
    APC,
    SIXEL,
    butterfly,
    coloured,
    difference,
    kitty_codes,
    kitty_images,
    sixel_image,
    sixel_rows,
)

CELL = (10, 20)


class Shown(App[None]):
    """A picture of 20 rows with text below it, in a pane that can be put away."""

    CSS = """
    Picture { height: 20; }
    #below { height: 30; }
    #over { display: none; layer: over; width: 10; height: 3; offset: 35 5; background: red; }
    Screen { layers: base over; }
    """

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture
        self.sent: list[str] = []
        self.pressed: list[tuple[str, int]] = []

    def compose(self) -> ComposeResult:
        with ContentSwitcher(initial="pane"):
            with VerticalScroll(id="pane"):
                yield self.picture
                yield Static("\n".join(f"line {n}" for n in range(30)), id="below")
            yield Static("another pane", id="other")
        yield Static("over it", id="over")

    def on_mount(self) -> None:
        self._driver.write = self.sent.append

    def on_key(self, event) -> None:
        self.pressed.append((event.key, len(APC.findall("".join(self.sent)))))

    def painted(self) -> str:
        """Return what a terminal would be sent to paint the whole screen."""
        return self.screen._compositor.render_full_update().render_segments(self.console)

    def lines(self) -> list[str]:
        """Return the same, line by line."""
        return re.split(r"\x1b\[\d+;1H", self.painted())[1:]


@pytest.fixture(autouse=True)
def true_colours(monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


async def settle(pilot, picture: Picture) -> None:
    for _ in range(500):
        await pilot.pause(0.02)
        if picture.is_settled and not picture._is_blank:  # it rests a moment after it was hidden
            await pilot.pause()
            return
    raise AssertionError("the picture did not come")


def show(way: str, source: Path | Image.Image | None = None, **terminal: object) -> Shown:
    if source is None:
        source = butterfly()
    return Shown(Picture(Terminal(way, CELL, **{"colours": 1 << 24, **terminal}), source))


@contextlib.asynccontextmanager
async def shown(way: str, *source: Image.Image, size: tuple[int, int] = (80, 24), **terminal: object):
    """Run an app with a picture, and wait until the picture is there: `async with shown("sixel") as (app, pilot)`."""
    app = show(way, *source, **terminal)
    async with app.run_test(size=size) as pilot:
        await settle(pilot, app.picture)
        yield app, pilot


async def test_half_blocks_have_the_mean_colours_and_the_proportions_of_the_picture():
    async with shown("half") as (app, _):
        small = butterfly().resize((40, 40), Image.Resampling.BOX)
        for row, line in enumerate(app.lines()[:20]):
            cells = coloured(line)
            blocks = [(ink, ground) for letter, ink, ground in cells if letter == "▀"]
            assert len(blocks) == 40  # 20 rows of 20 pixels are as high as 40 columns of 10 are wide
            assert cells[19][0] == "▀"
            assert cells[18][0] == " "  # in the middle of 78 columns beside the scroll bar
            for column, (ink, ground) in enumerate(blocks):
                assert ink == "8;2;{};{};{}".format(*small.getpixel((column, 2 * row)))
                assert ground == "8;2;{};{};{}".format(*small.getpixel((column, 2 * row + 1)))


async def test_in_256_colours_paper_that_is_hardly_tinted_stays_white():
    async with shown("half", Image.new("RGB", (40, 40), (254, 247, 246)), colours=256) as (app, _):
        blocks = [cell for line in app.lines() for cell in coloured(line) if cell[0] == "▀"]
        white = "8;2;255;255;255"  # as Textual says the palette's white where there are more colours
        assert blocks and {(ink, ground) for _, ink, ground in blocks} == {(white, white)}


async def test_ascii_is_ascii():
    async with shown("ascii") as (app, _):
        letters = {letter for line in app.lines()[:20] for letter, _, _ in coloured(line)[:78]}
        assert letters <= set(" .:-=+*#%@")
        assert len(letters) > 5


async def test_kitty_is_sent_once_and_stands_where_its_cells_are():
    async with shown("kitty") as (app, _):
        ((number, (keys, image)),) = kitty_images("".join(app.sent)).items()
        assert image.tobytes() == butterfly().tobytes()
        assert (keys["U"], keys["c"], keys["r"]) == ("1", "40", "20")
        assert all(more["q"] == "2" for more, _ in kitty_codes("".join(app.sent)))
        painted = app.painted()
        assert painted.count("\U0010eeee") == 40 * 20
        assert f"38;2;{number >> 16};{number >> 8 & 255};{number & 255}m\U0010eeee\u0305\u0305" in painted
        assert not APC.findall(painted), "painting again must not send the picture again"


async def test_sixel_is_painted_as_one_picture_from_its_corner_whichever_line_is_painted_first():
    async with shown("sixel") as (app, _):
        [code] = SIXEL.findall(app.painted())
        assert difference(sixel_image(code), butterfly().resize((400, 400), Image.Resampling.LANCZOS)) < 4
        app.picture.refresh(Region(0, 7, 78, 1))
        app.screen._compositor.update_widgets({app.picture})
        update = app.screen._compositor.render_partial_update().render_segments(app.console)
        assert SIXEL.findall(update) == [code]
        assert "\x1b[8;1H" in update and "\x1b[7A" in update  # seven lines up from the eighth


@pytest.mark.parametrize(("most", "columns"), [((1000, 1000), 40), ((1000, 200), 20), ((100, 1000), 10)])
async def test_a_sixel_is_no_larger_than_the_terminal_shows_any(most, columns):
    async with shown("sixel", most_pixels=most) as (app, _):
        [code] = SIXEL.findall(app.painted())
        assert sixel_image(code).size == (columns * 10, columns * 10)


async def test_scrolled_away_rows_are_not_painted_and_the_others_move():
    async with shown("sixel") as (app, pilot):
        app.query_one("#pane").scroll_to(y=5, animate=False)
        await pilot.pause()
        whole = butterfly().resize((400, 400), Image.Resampling.LANCZOS)
        assert difference(sixel_rows(app.painted()), whole.crop((0, 100, 400, 400))) < 4
        assert "line 0" in app.lines()[15]


async def test_a_sixel_keeps_off_the_last_line_which_would_scroll():
    async with shown("sixel", size=(80, 20)) as (app, _):
        assert [bool(SIXEL.search(line)) for line in app.lines()] == [True] * 19 + [False]


@pytest.mark.parametrize("way", ["kitty", "sixel"])
async def test_what_lies_over_it_is_not_painted_over(way):
    async with shown(way) as (app, pilot):
        app.query_one("#over").styles.display = "block"
        await pilot.pause()
        line = app.lines()[5]
        assert "over it" in line
        left, right = line.split("over it")
        if way == "kitty":
            assert left.count("\U0010eeee") == 16  # from column 19 to 35
            assert right.count("\U0010eeee") == 14  # from 45 to 59
            return
        whole = butterfly().resize((400, 400), Image.Resampling.LANCZOS)
        assert difference(sixel_rows(left), whole.crop((0, 100, 160, 120))) < 4
        assert difference(sixel_rows(right), whole.crop((260, 100, 400, 120))) < 4


@pytest.mark.parametrize("way", ["kitty", "sixel"])
async def test_under_a_dialog_and_on_another_pane_nothing_of_it_is_painted(way, monkeypatch):
    monkeypatch.setattr("garage_tui.widgets.picture._SHOW_DELAY_SECONDS", 1.0)  # a busy box looks later than after 0.05
    async with shown(way) as (app, pilot):
        painted = app.painted()
        app.push_screen(ModalScreen())
        await pilot.pause()
        assert "\U0010eeee" not in app.painted()
        assert not SIXEL.findall(app.painted())
        app.pop_screen()
        await pilot.pause()
        app.query_one(ContentSwitcher).current = "other"
        await pilot.pause()
        assert "\U0010eeee" not in app.painted()
        assert not SIXEL.findall(app.painted())
        app.query_one(ContentSwitcher).current = "pane"
        await pilot.pause()
        assert not SIXEL.findall(app.painted()), "it waits until all else of its pane is painted"
        await settle(pilot, app.picture)
        assert app.painted() == painted


async def test_the_terminal_forgets_what_is_no_longer_shown():
    async with shown("kitty") as (app, pilot):
        app.picture.source = butterfly(64, 64)
        await settle(pilot, app.picture)
        sent = "".join(app.sent)
        first, second = kitty_images(sent)
        codes = [keys for keys, _ in kitty_codes(sent)]
        assert codes[-1] == {"a": "d", "d": "I", "i": str(first), "q": "2"}
        app.picture.mode = "half"
        await settle(pilot, app.picture)
        assert kitty_codes("".join(app.sent))[-1][0]["i"] == str(second)
        app.picture.mode = "kitty"
        await settle(pilot, app.picture)
        third = list(kitty_images("".join(app.sent)))[-1]
        await app.picture.remove()
        assert kitty_codes("".join(app.sent))[-1][0] == {"a": "d", "d": "I", "i": str(third), "q": "2"}


async def test_a_key_is_heard_while_a_picture_is_being_sent():
    noise = Image.merge("RGB", [Image.effect_noise((300, 300), 90) for _ in range(3)])
    app = show("kitty", noise)
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(500):
            await pilot.pause(0.01)
            if any(APC.search(part) for part in app.sent):
                break
        await pilot.press("x")
        await settle(pilot, app.picture)
        total = len(kitty_codes("".join(app.sent)))
        assert total > 12
        assert app.pressed[0][0] == "x"
        assert app.pressed[0][1] < total
        assert max(map(len, app.sent)) < 20_000


async def test_two_pictures_are_sent_one_after_the_other():
    """Codes of two pictures, or of one and of another's end, must not mix: the decoder would say so."""
    noise = [Image.merge("RGB", [Image.effect_noise((220, 220), 90) for _ in range(3)]) for _ in range(3)]
    app = show("kitty", noise[0])
    async with app.run_test(size=(80, 24)) as pilot:
        other = Picture(app.picture.terminal, noise[1])
        await app.query_one("#pane").mount(other)
        await settle(pilot, other)
        await settle(pilot, app.picture)
        app.picture.source = noise[2]
        other.source = noise[0]
        await settle(pilot, other)
        await settle(pilot, app.picture)
        assert len(kitty_images("".join(app.sent))) == 4
        assert sum(keys.get("a") == "d" for keys, _ in kitty_codes("".join(app.sent))) == 2


async def test_a_picture_that_is_removed_while_it_is_sent_leaves_the_terminal_waiting_for_nothing():
    noise = Image.merge("RGB", [Image.effect_noise((300, 300), 90) for _ in range(3)])
    app = show("kitty", noise)
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(500):
            await pilot.pause(0.005)
            if any(APC.search(part) for part in app.sent):
                break
        assert not app.picture.is_settled
        await app.picture.remove()
        await pilot.pause(0.2)
        ((number, _),) = kitty_images("".join(app.sent)).items()
        assert kitty_codes("".join(app.sent))[-1][0] == {"a": "d", "d": "I", "i": str(number), "q": "2"}


async def test_of_many_pictures_only_the_newest_is_encoded(monkeypatch):
    encoded, wait = [], threading.Event()

    def slowly(job, terminal, encode=picture_module.encode):
        encoded.append(job.source.size)
        wait.wait(10)
        return encode(job, terminal)

    monkeypatch.setattr(picture_module, "encode", slowly)
    app = show("kitty", butterfly(10, 10))
    async with app.run_test(size=(80, 24)) as pilot:
        for size in (20, 30, 40, 50):
            await pilot.pause(0.05)
            app.picture.source = butterfly(size, size)
        await pilot.pause()
        wait.set()
        await settle(pilot, app.picture)
        assert encoded == [(10, 10), (50, 50)]
        ((_, image),) = kitty_images("".join(app.sent)).values()
        assert image.size == (50, 50)


async def test_the_app_goes_on_while_a_picture_is_encoded(monkeypatch):
    wait = threading.Event()

    def slowly(job, terminal, encode=picture_module.encode):
        wait.wait(10)
        return encode(job, terminal)

    monkeypatch.setattr(picture_module, "encode", slowly)
    app = show("half")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("x")
        assert app.pressed
        assert not app.picture.is_settled
        wait.set()
        await settle(pilot, app.picture)


async def test_it_is_encoded_again_only_where_that_changes_something(monkeypatch):
    encoded = []

    def counted(job, terminal, encode=picture_module.encode):
        encoded.append((job.mode, job.columns, job.rows))
        return encode(job, terminal)

    monkeypatch.setattr(picture_module, "encode", counted)
    async with shown("half") as (app, pilot):
        await pilot.resize_terminal(80, 30)  # the widget keeps its 20 rows
        app.picture.mode = "half"
        app.query_one(ContentSwitcher).current = "other"
        await pilot.pause()
        app.query_one(ContentSwitcher).current = "pane"
        await settle(pilot, app.picture)
        first = list(encoded)
        await pilot.resize_terminal(40, 30)
        await settle(pilot, app.picture)
        assert len(set(first)) == len(first), "the same was encoded twice"
        assert encoded[-1] == ("half", 38, 20)
        assert sum(line.count("▀") for line in app.lines()) == 38 * 19


async def test_a_picture_that_came_while_its_pane_was_hidden_is_there_when_it_is_seen():
    async with shown("half", butterfly()) as (app, pilot):
        app.query_one(ContentSwitcher).current = "other"
        await pilot.pause()
        app.picture.source = Image.new("RGB", (64, 64), (1, 2, 3))
        await pilot.pause()
        app.query_one(ContentSwitcher).current = "pane"
        await settle(pilot, app.picture)
        assert "38;2;1;2;3" in app.painted()


async def test_a_file_that_cannot_be_shown_says_so_in_its_place(tmp_path):
    evil = tmp_path / "a\x1b]0;x\x07.png"
    evil.write_bytes(b"no picture")
    async with shown("half", evil, size=(120, 24)) as (app, pilot):
        assert "is not a picture" in app.painted()
        assert "\x1b]0" not in app.painted()
        butterfly().save(evil)
        app.picture.source = evil  # the same name, written anew
        await settle(pilot, app.picture)
        assert "▀" in app.painted()


async def test_without_a_picture_it_says_what_the_screen_wants_it_to_say():
    picture = Picture(Terminal("kitty", CELL))
    picture.empty_text = "no samples yet"
    app = Shown(picture)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "no samples yet" in app.painted()
        picture.source = butterfly()
        await settle(pilot, picture)
        assert "no samples yet" not in app.painted()
        picture.source = None
        await settle(pilot, picture)
        assert "no samples yet" in app.painted()
        assert "\U0010eeee" not in app.painted()


class Answering(Shown):
    """An app whose terminal says when it has taken what was sent; the test is the terminal."""

    def __init__(self, picture: Picture) -> None:
        super().__init__(picture)
        self.terminal_answered = Signal(self, "terminal-answered")

    @property
    def asked(self) -> int:
        return "".join(self.sent).count("\x1b[6n")

    async def is_asked(self, pilot, times: int) -> None:
        for _ in range(500):
            await pilot.pause(0.01)
            if self.asked == times:
                return
        raise AssertionError(f"asked {self.asked} times, not {times}")


async def test_the_next_picture_waits_until_the_terminal_has_taken_the_last_one_and_only_the_newest_is_sent():
    app = Answering(Picture(Terminal("kitty", CELL, seconds=0.01), butterfly(10, 10)))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.is_asked(pilot, 1)  # after its codes
        app.terminal_answered.publish(None)
        await app.is_asked(pilot, 2)  # after it was painted
        for size in (20, 30, 40):
            app.picture.source = butterfly(size, size)
            await pilot.pause(0.1)
        assert not app.picture.is_settled
        assert [image.size for _, image in kitty_images("".join(app.sent)).values()] == [(10, 10)]
        for times in (3, 4):
            app.terminal_answered.publish(None)
            await app.is_asked(pilot, times)
        app.terminal_answered.publish(None)
        await settle(pilot, app.picture)
        assert [image.size for _, image in kitty_images("".join(app.sent)).values()] == [(10, 10), (40, 40)]


async def test_a_terminal_that_is_slow_to_take_a_picture_gets_smaller_ones(monkeypatch):
    monkeypatch.setattr(picture_module, "_SLOW_SECONDS", 0.2)
    app = Answering(Picture(Terminal("sixel", CELL, seconds=0.01), butterfly()))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.is_asked(pilot, 1)
        before = app.picture.terminal.most_bytes
        await pilot.pause(0.4)
        app.terminal_answered.publish(None)
        await settle(pilot, app.picture)
        assert app.picture.terminal.most_bytes < before


async def test_a_terminal_that_answers_nothing_is_not_asked():
    app = Answering(Picture(Terminal("half", CELL, 1 << 24), butterfly()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot, app.picture)
        assert app.asked == 0


# The question before the app, a field that has the keys, a picture; it leaves when the picture is there.
PROGRAM = """
import sys
from pathlib import Path
from textual.app import App
from textual.widgets import Input
from garage_tui.core.terminal.query import query_terminal
from garage_tui.widgets.picture import Picture
terminal = query_terminal()
class Small(App):
    def compose(self):
        yield Input()
        yield Picture(terminal, Path(sys.argv[1]))
    def on_mount(self):
        self.set_interval(0.2, self.look)
    def look(self):
        if self.query_one(Picture).is_settled:
            Path(sys.argv[2]).write_text(repr((terminal.image_mode, self.query_one(Input).value)))
            self.exit()
Small().run()
"""


def test_a_real_kitty_gets_one_whole_picture_and_is_left_clean(tmp_path):
    noise = Image.merge("RGB", [Image.effect_noise((200, 200), 90) for _ in range(3)])
    noise.save(tmp_path / "noise.png")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 40, 100, 1000, 800))
    env = {"TERM": "xterm-kitty", "LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)}
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "noise.png"), str(tmp_path / "told")],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=REPOSITORY,
        env={name: value for name, value in os.environ.items() if name not in ("TMUX", "LC_ALL")} | env,
        start_new_session=True,
    )
    os.close(slave)
    seen = b""
    while child.poll() is None or select.select([master], [], [], 0)[0]:
        if select.select([master], [], [], 0.05)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
            if seen.endswith(b"\x1b[c\x1b8\x1b[K"):
                os.write(master, b"\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.43.1)\x1b\\\x1b[6;20;10t\x1b[?62;22c")
    os.close(master)
    sent = seen.decode()
    assert child.wait() == 0, sent[-2000:]
    assert (tmp_path / "told").read_text() == repr(("kitty", "")), "the answer was typed into the field"
    ((number, (_, image)),) = kitty_images(sent).items()
    assert image.tobytes() == noise.tobytes()
    assert f"38;2;{number >> 16};{number >> 8 & 255};{number & 255}m\U0010eeee" in sent
    assert sent.index("\U0010eeee") < sent.index(f"a=d,d=I,i={number},q=2"), "the terminal keeps it for ever"
