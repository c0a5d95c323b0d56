"""What a hostile text turns into before it is painted."""

import pytest

from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import (
    decoded,
    from_shown,
    hidden,
    marked,
    one_line,
    plain,
    quoted,
    shown,
    shown_line,
    unescaped,
)


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
        ("evil \u202etxt.exe\u200b", "evil �txt.exe"),
        ("tab\tand\r\nnewline", "tab\tand\nnewline"),
        ("[bold]markup is text[/bold]", "[bold]markup is text[/bold]"),
        ("Grüße, 世界 🦋", "Grüße, 世界 🦋"),
        ("half a letter \ud800", "half a letter ⟨U+D800⟩"),
        ("caf\udce9 of a file's name", "caf⟨0xE9⟩ of a file's name"),
        ("unseen \U000e0041\U000e0042 text", "unseen � text"),
        ("so\u00adft, \u3164wide\ufe01, \ufeffbom", "soft, wide, bom"),
        ("an image's cell \U0010eeee\u0305", "an image's cell �\u0305"),
        ("z" + "\u0301" * 90 + "o", "z" + "\u0301" * 8 + "o"),
        ("👩\u200d🚀 ❤\ufe0f, می\u200cخواهم", "👩\u200d🚀 ❤\ufe0f, می\u200cخواهم"),
    ],
)
def test_outside_text_is_shown_without_its_escapes(hostile, shown):
    assert plain(hostile) == shown


@pytest.mark.parametrize(
    ("hostile", "seen"),
    [
        ("a\x1b[31mred\x1b[0m b", "a␛[31mred␛[0m b"),
        ("nul\x00, del\x7f, csi\x9b", "nul␀, del␡, csi⟨U+009B⟩"),
        ("evil \u202etxt.exe\u200b", "evil ⟨U+202E⟩txt.exe⟨U+200B⟩"),
        ("caf\udce9 and half \ud83d", "caf⟨0xE9⟩ and half ⟨U+D83D⟩"),
        ("tag \U000e0041", "tag ⟨U+E0041⟩"),
        ("z" + "\u0301" * 90, "z" + "\u0301" * 8 + "⟨+82 marks⟩"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("Grüße, 世界 🦋 👩\u200d🚀", "Grüße, 世界 🦋 👩\u200d🚀"),
    ],
)
def test_who_judges_a_text_sees_what_is_hidden_in_it(hostile, seen):
    assert shown(hostile) == seen
    assert bool(hidden(hostile)) == (hostile != seen)
    assert shown_line(hostile) == " ".join(seen.split())


def test_marks_become_again_what_they_stand_for():
    hostile = "a\x1b[31m \x00\x7f\x9b\r\n\u202e\U000e0041\udce9\udc7f\ud83d"
    assert from_shown(shown(hostile)) == hostile
    for text in ("⟨U+0041⟩", "⟨U+D⟩", "⟨U+FFFFFF⟩", "⟨0x41⟩", "⟨0xE99⟩", "⟨0xE⟩"):
        assert from_shown(text) == text


def test_a_text_in_a_message_has_the_same_marks_as_elsewhere():
    assert quoted("caf\udce9\x1b\n") == "'caf⟨0xE9⟩␛'"
    assert quoted("x" * 100, 10) == f"'{'x' * 9}…'"
    odd, typed = ["caf\udce9", "\U000e0041", "\x1b"], r"\udce9"
    assert unescaped(f"invalid choice: {odd}") == "invalid choice: ['caf⟨0xE9⟩', '⟨U+E0041⟩', '␛']"
    assert unescaped(f"{[typed]} and \\Uffffffff") == r"['\\udce9'] and \Uffffffff"
    assert plain(decoded(b"caf\xe9 \xc3\xa9")) == "caf⟨0xE9⟩ é" and marked("\udce9\x1b") == "⟨0xE9⟩\x1b"


def test_ten_million_characters_are_one_short_line_at_once():
    assert one_line("\x1b[31m" + "x" * 10_000_000, 10) == shown_line("x" * 10_000_000, 10) == "x" * 9 + "…"


def test_a_long_error_becomes_one_short_line():
    assert one_line("two\nlines", 20) == "two lines"
    assert one_line("x" * 50, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (8.2, "8 s"), (60, "1 min"), (200, "3 min 20 s"), (1500, "25 min"), (7500, "2 h 5 min")],
)
def test_durations_read_at_a_glance(seconds, words):
    assert duration(seconds) == words
