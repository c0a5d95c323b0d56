"""Names, numbers and URLs are found in any text, in a time that grows with its length."""

import time

import pytest

from garage_tui.core.language.entities import find_entities, tokenize


def test_urls_addresses_and_paths_are_one_word_each():
    text = "See https://a.example/x?y=1, www.b.example or github.com/jasonacox/TinyLLM"
    text += "; mail first.last+x@mail.example.org."
    assert {"https://a.example/x?y=1", "www.b.example", "github.com/jasonacox/tinyllm"} <= find_entities(text)
    assert "first.last+x@mail.example.org" in find_entities(text)
    assert "github.com/jasonacox/tinyllm" in tokenize(text)


@pytest.mark.parametrize("unit", ["a", "7", "-", "a-", "a.", "大", "a@", "+", "Ab ", "x "])
@pytest.mark.parametrize("read", [find_entities, tokenize])
def test_ten_times_the_text_does_not_take_a_hundred_times_as_long(unit, read):
    def seconds(length):
        text = (unit * length)[:length]
        began = time.process_time()
        read(text)
        return time.process_time() - began

    assert seconds(100_000) < 40 * max(seconds(10_000), 0.01)
