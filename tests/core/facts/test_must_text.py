"""The words of a right answer as text: what a person writes, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts.must_text import must_from_text, must_to_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (["MIT"], "MIT"),
        ([["MIT", "MIT License"], "free"], "MIT | MIT License, free"),
        (["a, b"], '["a, b"]'),
        ([["alone"]], '[["alone"]]'),
        ([" spaced"], '[" spaced"]'),
        ({"odd": 1}, '{"odd": 1}'),
    ],
)
def test_a_value_is_text_that_a_person_would_write(value, text):
    assert must_to_text(value) == text


@pytest.mark.parametrize(
    ("text", "value"), [("", []), (" a ,, b | c |, ", ["a", ["b", "c"]]), ('["a, b"]', ["a, b"]), ("[]", [])]
)
def test_text_becomes_a_value(text, value):
    assert must_from_text(text) == value


@pytest.mark.parametrize("text", ["[cat", '["a", 7]', '{"a": 1}', "[" * 50_000])
def test_what_begins_like_json_and_is_no_list_of_words_is_refused(text):
    with pytest.raises(BadInputError, match="write words with commas between them"):
        must_from_text(text)


word = some.text(min_size=1).filter(str.strip)


@given(some.lists(word | some.lists(word, min_size=1), min_size=1))
def test_every_usable_value_comes_back_as_it_was(value):
    assert must_from_text(must_to_text(value)) == value
