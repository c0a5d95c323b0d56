"""Numbers in words, and the other ways to write a number or a date."""

from decimal import Decimal

import pytest

from garage_tui.core.proposals.numbers import other_spellings, spelled_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("three", 3), ("twenty-one", 21), ("one hundred and five", 105), ("two thousand", 2000), ("third", 3),
        ("two million three hundred thousand", 2_300_000), ("a", None), ("house", None), ("and", None), ("dozen", 12),
    ],
)  # fmt: skip
def test_a_number_in_words_has_its_value(text, value):
    assert spelled_value(text) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("59100", "59,100"), ("3", "three"), ("seven", "7"), ("March 15th, 1997", "15 March 1997"),
        ("3 May 2024", "2024-05-03"), ("1,012", "1012"),
    ],
)  # fmt: skip
def test_a_right_answer_may_write_it_otherwise(text, spelling):
    assert text in other_spellings(text) and spelling in other_spellings(text)


@pytest.mark.parametrize("text", ["1993", "Ian Murdock", "4.6.2", "https://www.debian.org/"])
def test_a_year_or_a_name_is_written_one_way(text):
    assert other_spellings(text) == (text,)
