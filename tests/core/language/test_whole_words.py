"""Where a text stands in another as a whole word."""

from __future__ import annotations

import re

import pytest

from garage_tui.core.language.whole_words import spans_of, whole_word_spans


@pytest.mark.parametrize(
    ("part", "text"),
    [("ab", "ab cab ab_ ab-ab, (ab) abé ab²"), ("a a", "a a a a a"), ("C++", "C++ and C++++, xC++"), ("x", ""),
     ("Ω", "Ω ΩΩ 5Ω"), ("no", "yes")],
)  # fmt: skip
def test_whole_words_stand_where_a_pattern_would_find_them(part, text):
    expected = [match.span() for match in re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", text)]
    assert whole_word_spans(part, text) == expected


def test_all_places_are_found_also_where_they_overlap():
    assert list(spans_of("aa", "aaa")) == [(0, 2), (1, 3)]
