"""The fewest bytes paint the same screen: on a small terminal of the test's own, and in a real tmux."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from garage_tui.driver import screen_diff
from garage_tui.driver.screen_diff import ScreenDiff
from tests.support.app_in_tmux import Terminal, needs_tmux
from tests.support.tmux_server import wait_for

pytestmark = needs_tmux

COLUMNS, ROWS = 12, 4
STYLES = ["", "1", "38;5;215;48;5;233", "48;5;233", "1;4;38;5;252"]
WORDS = st.text("ab ─│é漢✓", min_size=1, max_size=6)
PIECE = st.tuples(
    st.integers(0, ROWS - 1),
    st.integers(0, COLUMNS - 1),
    st.lists(st.tuples(WORDS, st.sampled_from(STYLES)), max_size=3),
)


class Screen:
    """Cells as a terminal has them, after what it was sent."""

    def __init__(self) -> None:
        self.cells = [[(" ", "")] * COLUMNS for _ in range(ROWS)]
        self.cursor, self.style = (0, 0), ""

    def take(self, text: str) -> None:
        for token in re.finditer(r"\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|\n|([^\x1b\n])", text):
            if token[1]:
                self.cursor = int(token[1]) - 1, int(token[2]) - 1
            elif token[3] is not None:
                first, _, more = token[3].partition(";")
                assert first in ("", "0") or not self.style, "a style upon a style"
                self.style = more if first in ("", "0") else token[3]
            elif token[4]:
                row, column = self.cursor
                width = cell_len(token[4])
                for at in range(column, min(COLUMNS, column + width)):
                    self._split(row, at)
                    self.cells[row][at] = (token[4] if at == column else "", self.style)
                self._split(row, column + width)
                self.cursor = row, column + width

    def _split(self, row: int, column: int) -> None:
        """Whoever paints over half of a wide character wipes the other half."""
        line = self.cells[row]
        if 0 < column < COLUMNS and line[column][0] == "":
            line[column] = (" ", line[column][1])
            line[column - 1] = (" ", line[column - 1][1])


def update(pieces) -> str:
    """Return what Textual would send: each piece placed, each word between its style and a reset."""
    parts = []
    for row, column, words in pieces:
        parts.append(f"\x1b[{row + 1};{column + 1}H")
        room = COLUMNS - column
        for word, style in words:
            while word and cell_len(word) > room:
                word = word[:-1]
            room -= cell_len(word)
            if word:
                parts.append(f"\x1b[{style}m{word}\x1b[0m" if style else word)
    return "".join(parts) + "\x1b[1;1H"


@given(st.lists(st.tuples(st.lists(PIECE, max_size=4), st.booleans()), max_size=6))
def test_the_same_is_seen_whatever_is_left_out_and_whenever_it_is_sent(steps):
    asked, given_, ours = Screen(), Screen(), ScreenDiff()
    for pieces, sent_now in steps:
        text = update(pieces)
        asked.take(text)
        assert ours.write(text) == ""
        if sent_now:
            given_.take(ours.flush())
    given_.take(ours.flush())
    # Half of a wide character is whatever the terminal makes of it.
    same = [
        (one, other)
        for a, b in zip(asked.cells, given_.cells, strict=True)
        for one, other in zip(a, b, strict=True)
        if one != other and "漢" not in str(steps)
    ]
    assert same == []
    assert given_.cursor == asked.cursor
    assert ours.flush() == ""


def test_only_what_has_changed_is_sent_and_a_border_needs_one_style():
    ours = ScreenDiff()
    border = "\x1b[1;1H" + "\x1b[38;5;215m─\x1b[0m" * 80
    ours.write(border)
    assert ours.flush() == f"\x1b[1;1H\x1b[38;5;215m{'─' * 80}\x1b[0m"
    ours.write(border)
    assert ours.flush() == ""
    ours.write(border.replace("─", "x", 1))
    assert ours.flush() == "\x1b[1;1H\x1b[38;5;215mx\x1b[0m"


def test_what_waits_for_a_slow_line_is_one_screen_and_not_all_that_was_painted():
    ours = ScreenDiff()
    for n in range(10_000):
        assert ours.write(f"\x1b[1;1Hstep {n:6}\x1b[2;1H") == ""
    assert ours.flush() == "\x1b[1;1Hstep   9999\x1b[2;1H"


PICTURES = ("\x1bPq#0;2;0;0;0#0~\x1b\\", "\x1b[1;1H\U0010eeee\u0305\u0305\x1b[2;1H", "\x1b[2J")
"""Codes that put something else on the screen than its cells: what is there then is not known."""
QUESTIONS = ("\x1b[?2026$p", "\x07", "\x1b[6n", "\x1b]52;c;QQ==\x07", "\x1b_Ga=d,d=I,i=3\x1b\\")
"""Modes and questions, which wipe nothing away."""


@pytest.mark.parametrize(
    ("code", "painted_anew"), [*((code, True) for code in PICTURES), *((code, False) for code in QUESTIONS)]
)
def test_what_is_more_than_text_is_sent_as_it_is_and_a_picture_has_all_painted_anew_after_it(code, painted_anew):
    ours = ScreenDiff()
    ours.write("\x1b[1;1Hold")
    assert ours.write(code) == "\x1b[1;1Hold" + code
    ours.write("\x1b[1;1Hold")
    assert ours.flush() == ("\x1b[1;1Hold" if painted_anew else "")


def test_each_character_that_counts_as_plain_is_one_cell_wide():
    plain = [chr(code) for code in range(0x20, 0x3000) if screen_diff._PLAIN.fullmatch(chr(code))]
    assert len(plain) > 1000
    assert [sign for sign in plain if cell_len(sign) != 1] == []


def test_nothing_is_missing_and_nothing_is_left_over_after_much_has_been_looked_at(workspace):
    file = workspace.datasets / "garage.jsonl"
    file.write_text('{"question": "漢字 ist 漢字?", "answer": "👩‍🚀 und ✓ é é"}\n' + file.read_text())
    terminal = Terminal(workspace.root, 120, 40)
    terminal.open()
    try:
        terminal.sees("36 rows")
        for keys in (
            ["Down"] * 9,
            ["F3", "F2", "?"],
            ["Escape", "F5", "F6", "F4"],
            ["F1"],
            ["Escape", "F2", "Up", "Up"],
        ):
            terminal.press(*keys)
        terminal.sees("36 rows")
        wait_for(lambda: settled(terminal), 60, lambda: terminal.screen)
        before = painted(terminal)
        terminal.press("F9")
        wait_for(lambda: settled(terminal), 60, lambda: terminal.screen)
        assert painted(terminal) == before
        # Other programs paint there, too.
        tty = terminal.tmux("display-message", "-p", "-t", "app", "#{pane_tty}").strip()
        with open(tty, "w") as other:  # noqa: PTH123
            other.write("\x1b[20;20HBroadcast message from root: the box goes down")
        terminal.sees("Broadcast message")
        terminal.press("F9")
        wait_for(lambda: painted(terminal) == before, 60, lambda: terminal.screen)
        terminal.tmux("resize-window", "-t", "app", "-x", "100", "-y", "30")
        wait_for(lambda: "F1" in terminal.screen.splitlines()[29:30][0], 60, lambda: terminal.screen)
        terminal.tmux("resize-window", "-t", "app", "-x", "120", "-y", "40")
        wait_for(lambda: painted(terminal) == before, 60, lambda: terminal.screen)
    finally:
        terminal.close()


def painted(terminal: Terminal) -> list[str]:
    """Return the lines of the screen with their colours; the first has gauges that change."""
    return terminal.tmux("capture-pane", "-p", "-e", "-t", "app").splitlines()[1:]


def settled(terminal: Terminal) -> bool:
    """Whether nothing but the gauges changes for a while."""
    before = painted(terminal)
    time.sleep(0.7)
    return painted(terminal) == before
