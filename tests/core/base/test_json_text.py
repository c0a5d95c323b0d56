"""Half a character comes in with line and column, or as a `�`; on the way out nothing fails, and nothing is lost."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage_tui.core.base.json_text import (
    half_character,
    json_line,
    read_any_json,
    read_json,
    replace_half_characters,
    struct_json,
)

ANY_TEXT = st.text(st.characters())
HALVES = st.text(st.sampled_from(["\ud83d", "\ude00", "\udcff", "a", "\\", "u", "😀"]))
TEXT = ANY_TEXT | HALVES
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (r'{"a": "\ud83d"}', 8),
        (r'{"a": "x\uDE00"}', 9),
        (r'{"\ud83d": 1}', 3),
        (r'["\ud83d\ude00\ud83d"]', 15),
        (r'["\ud83d\\ude00"]', 3),  # an escaped backslash is no second half
        (r'["\ud83dx\ude00"]', 3),
    ],
)
def test_half_a_character_is_refused_with_its_column(text, column):
    with pytest.raises(json.JSONDecodeError, match="half a character") as refused:
        read_json(f"\n{text}")
    assert (refused.value.lineno, refused.value.colno) == (2, column)


@pytest.mark.parametrize("text", [r'"\ud83d\ude00"', r'"\\ud83d"', '"😀"', r'"\\\\ud83d"', "1"])
def test_whole_characters_are_read(text):
    assert read_json(text) == json.loads(text)


@given(JSON)
def test_what_is_written_can_be_read_and_is_the_same(value):
    assert json.loads(json_line(value)) == json.loads(json.dumps(value))


@given(JSON)
def test_half_a_character_is_found_wherever_it_is(value):
    text = json.dumps(value)
    is_whole = replace_half_characters(json.loads(text)) == json.loads(text)
    assert (half_character(text) is None) == is_whole
    assert read_any_json(text.encode()) == replace_half_characters(json.loads(text))


@given(JSON)
def test_a_struct_with_any_text_is_written_as_json_that_is_read_again(value):
    assert msgspec.json.decode(struct_json({"it": value})) == {"it": replace_half_characters(value)}
