"""A log of any size on the screen: every line can be reached, found and followed, and few are kept."""

import contextlib

import pytest
from textual.app import App, ComposeResult

from garage_tui.core.base.log_reader import LogTail
from garage_tui.widgets.log.log_file_view import LogFileView
from garage_tui.widgets.log.log_view import MAX_LINES


class Reader(App[None]):
    """A log, and what is heard of its file."""

    def __init__(self, path) -> None:
        super().__init__()
        self.path, self.tail, self.log_file = path, LogTail(path), LogFileView()
        self.fresh = True

    def compose(self) -> ComposeResult:
        yield self.log_file

    def on_mount(self) -> None:
        self.log_file.focus()
        self.listen()

    def listen(self) -> None:
        if piece := self.tail.read():
            self.log_file.take(self.path, piece, fresh=self.fresh)
            self.fresh = False

    @property
    def seen(self) -> list[str]:
        log = self.log_file
        return [log.render_line(y).text.rstrip() for y in range(log.size.height)]


@pytest.fixture
def read(tmp_path):
    """Opens a log with this text: `async with read(text) as (app, pilot)`."""

    @contextlib.asynccontextmanager
    async def opened(text, size=(60, 20)):
        (tmp_path / "log.txt").write_text(text)
        app = Reader(tmp_path / "log.txt")
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            yield app, pilot

    return opened


async def settled(app, pilot):
    """Wait until nothing is read any more."""
    await pilot.pause()
    while app.log_file._reading or app.log_file._searched is not None:
        await pilot.pause(0.01)
    await pilot.pause()


def numbered(many, first=0):
    return "".join(f"line {number}\n" for number in range(first, first + many))


@pytest.mark.parametrize("wrap", [False, True])
async def test_from_the_end_up_to_the_beginning_and_down_again_every_line_is_there_in_order(read, wrap):
    expected = [*numbered(40_000).splitlines(), "the rest"]
    async with read("\n".join(expected)) as (app, pilot):
        log = app.log_file
        log.wrap = wrap
        assert app.seen == expected[-20:] and log.following

        async def go_to(row):
            """Scroll there, wait for what is read on account of it, and show that nothing moved."""
            log.scroll_to(y=row, animate=False, immediate=True, force=True)
            seen = app.seen
            await settled(app, pilot)
            first = expected.index(log.lines[0])
            assert app.seen == seen, "it jumped"
            assert log.lines == expected[first : first + len(log.lines)] and len(log.lines) <= MAX_LINES

        while log.start > 0:
            await go_to(5)
        assert not log.following and not log.is_at_end and log.lines[0] == "line 0"
        while not log.is_at_end:
            await go_to(log.max_scroll_y - 5)
        assert log.lines[-1] == "the rest" and not log.following
        await go_to(log.max_scroll_y)
        assert log.following


async def test_home_and_end_go_to_both_ends_of_a_long_log_and_end_follows(read):
    async with read(numbered(200_000)) as (app, pilot):
        await pilot.press("home")
        await settled(app, pilot)
        assert app.seen[0] == "line 0" and app.log_file.position == "at 0%"
        await pilot.press("end")
        await settled(app, pilot)
        assert app.seen[-1] == "line 199999"
        with app.path.open("a") as file:
            file.write("one more\n")
        app.listen()
        await pilot.pause()
        assert app.seen[-2:] == ["line 199999", "one more"]


async def test_what_is_read_stays_where_it_is_while_the_log_grows(read):
    async with read(numbered(50_000)) as (app, pilot):
        await pilot.press("pageup", "pageup")
        await settled(app, pilot)
        seen = app.seen
        for first in range(50_000, 90_000, 2_000):
            with app.path.open("a") as file:
                file.write(numbered(2_000, first))
            app.listen()
            await settled(app, pilot)
        assert app.seen == seen and len(app.log_file.lines) <= MAX_LINES
        await pilot.press("end")
        await settled(app, pilot)
        assert app.seen[-1] == "line 89999"


async def test_after_a_flood_the_lines_that_were_passed_over_are_there(read):
    async with read(numbered(100)) as (app, pilot):
        with app.path.open("a") as file:
            file.write(numbered(100_000, 100))
        app.listen()
        await settled(app, pilot)
        assert app.seen[-1] == "line 100099"
        for _ in range(3):
            app.log_file.scroll_to(y=0, animate=False, immediate=True, force=True)
            await settled(app, pilot)
        first = int(app.seen[0].split()[1])
        assert first < 90_000 and app.seen == [f"line {first + number}" for number in range(20)]


async def test_a_progress_bar_is_one_line_that_changes(read):
    async with read("loading\n") as (app, pilot):
        for percent in (10, 50, 100):
            with app.path.open("a") as file:
                file.write(f"\r{percent}%")
            app.listen()
            await pilot.pause()
            assert [line for line in app.seen if line] == ["loading", f"{percent}%"]
        with app.path.open("a") as file:
            file.write("\ndone\n")
        app.listen()
        await pilot.pause()
        assert [line for line in app.seen if line] == ["loading", "100%", "done"]


async def test_a_word_is_found_wherever_it_stands_and_the_others_after_it_and_round_again(read):
    rows = numbered(100_000).splitlines()
    for number in (5, 20_000, 20_001, 70_000):
        rows[number] = f"Loss is NaN at {number}"
    async with read("\n".join(rows) + "\n") as (app, pilot):
        log, found = app.log_file, []
        log.search("nan AT")
        for _ in range(5):
            await settled(app, pilot)
            found.append(log.lines[log.hits[log.hit]])
            assert found[-1] in app.seen
            log.go_to_match(-1)
        assert [int(text.split()[-1]) for text in found] == [70_000, 20_001, 20_000, 5, 70_000]
        await settled(app, pilot)
        assert log.found == "match at 19%"
        log.go_to_match(1)
        await settled(app, pilot)
        assert log.lines[log.hits[log.hit]].endswith(" 70000")
        log.search("nowhere")
        await settled(app, pilot)
        assert log.found == "no match"
        log.search("line 9999")
        await settled(app, pilot)
        assert log.found.startswith("match at") and "line 99999" in app.seen
        log.search("")
        assert log.found == ""


async def test_in_a_short_log_the_matches_are_counted(read):
    async with read(numbered(200)) as (app, pilot):
        app.log_file.search("line 19")
        await pilot.pause()
        assert app.log_file.found == "match 11 of 11"
        app.log_file.go_to_match(1)
        assert app.log_file.found == "match 1 of 11"


async def test_a_log_that_is_taken_away_while_it_is_read_does_no_harm(read):
    async with read(numbered(100_000)) as (app, pilot):
        app.path.unlink()
        await pilot.press("pageup")
        app.log_file.scroll_to(y=0, animate=False, immediate=True, force=True)
        await settled(app, pilot)
        assert app.seen[0].startswith("line ")
        await pilot.press("home")
        await settled(app, pilot)
        app.path.write_text("afresh\n")
        app.listen()
        await settled(app, pilot)
        assert "afresh" in app.seen
