"""What a hostile text turns into before it is painted."""

import pytest

from garage_tui.core.text import duration, one_line, plain


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x1b[31mred\x1b[0m b", "ared b"),
        ("a\x1b]0;new title\x07b", "ab"),
        ("a\x1b]52;c;aGVsbG8=\x1b\\b", "ab"),
        ("a\x1bPq#0;2;0;0;0#0~~\x1b\\b", "ab"),
        ("a\x1b_Gf=100;AAAA\x1b\\b", "ab"),
        ("a\x9b31mb\x9dtitle\x9cc", "abc"),
        ("never ended \x1b]0;title\nnext line", "never ended \nnext line"),
        ("bell\x07 back\x08 nul\x00 del\x7f", "bell back nul del"),
        ("evil \u202etxt.exe\u200b", "evil txt.exe"),
        ("tab\tand\r\nnewline", "tab\tand\nnewline"),
        ("[bold]markup is text[/bold]", "[bold]markup is text[/bold]"),
        ("Grüße, 世界 🦋", "Grüße, 世界 🦋"),
        ("\ud800", ""),
    ],
)
def test_outside_text_is_shown_without_its_escapes(hostile, shown):
    assert plain(hostile) == shown


def test_a_long_error_becomes_one_short_line():
    assert one_line("two\nlines", 20) == "two lines"
    assert one_line("x" * 50, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (8.2, "8 s"), (60, "1 min"), (200, "3 min 20 s"), (1500, "25 min"), (7500, "2 h 5 min")],
)
def test_durations_read_at_a_glance(seconds, words):
    assert duration(seconds) == words
