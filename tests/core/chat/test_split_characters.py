"""A character that a server splits over two pieces of its answer is one character."""

import json

import pytest

from garage_tui.core.chat.answer_cleaner import AnswerCleaner
from garage_tui.core.chat.split_characters import CharacterJoiner, decode_line


def joined(*pieces):
    joiner = CharacterJoiner()
    return "".join([*map(joiner.feed, pieces), joiner.flush()])


@pytest.mark.parametrize("text", ["a😀b", "💀💀", "é", "日本", "👨‍👩‍👧", "\U0010fffd", "x"])
def test_bytes_are_joined_wherever_they_are_split(text):
    data = text.encode()
    for at in range(len(data) + 1):
        assert joined(decode_line(data[:at]), decode_line(data[at:])) == text
    assert joined(*(decode_line(data[at : at + 1]) for at in range(len(data)))) == text


@pytest.mark.parametrize("text", ["😀", "💀", "a😀💀b"])
def test_surrogates_are_joined_wherever_they_are_split(text):
    halves = text.encode("utf-16-be")
    units = [json.loads(f'"\\u{halves[at : at + 2].hex()}"') for at in range(0, len(halves), 2)]
    assert joined(*units) == text
    for at in range(len(units) + 1):
        assert joined("".join(units[:at]), "".join(units[at:])) == text


def test_halves_that_stay_alone_are_shown_and_swallow_nothing():
    assert joined(decode_line(b"a\xf0\x9f"), "b") == "a\udcf0\udc9fb"
    assert joined(decode_line(b"a\xf0\x9f")) == "a\udcf0\udc9f"
    assert joined(decode_line(b"\xc3\xa9\xa9")) == "é\udca9"
    cleaner = AnswerCleaner()
    assert cleaner.feed(decode_line(b"caf\xe9 ")) + cleaner.flush() == "caf⟨0xE9⟩ "
    assert cleaner.feed("a\ud83d") + cleaner.feed("b") + cleaner.feed("\ud83d") + cleaner.flush() == (
        "a⟨U+D83D⟩b⟨U+D83D⟩"
    )
