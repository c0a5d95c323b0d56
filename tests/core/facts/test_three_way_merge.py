"""Two people change one file: what comes of it."""

import random

import pytest

from garage_tui.core.facts.three_way_merge import merge


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ("abc", "aBc", "abc", "aBc"),
        ("abc", "abc", "abC", "abC"),
        ("abc", "Abc", "abC", "AbC"),
        ("abc", "aBc", "xabc", "xaBc"),
        ("a", "A", "xa", "xA"),
        ("a", "A", "ax", "Ax"),
        ("abc", "abcm", "abct", "abctm"),
        ("abc", "ac", "abcx", "acx"),
        ("abc", "ac", "ac", "ac"),
        ("abc", "", "abc", ""),
        ("", "m", "t", "tm"),
        ("", "m", "m", "m"),
        ("abcd", "bcda", "abcd", "bcda"),
    ],
)
def test_changes_that_do_not_meet_are_all_taken(base, mine, theirs, merged):
    result = merge(base, mine, theirs)
    assert "".join(result.lines) == merged
    assert not result.clashes


@pytest.mark.parametrize(("choice", "merged"), [("both", "axBc"), ("mine", "aBc"), ("theirs", "axc")])
def test_where_both_changed_one_row_the_owner_chooses(choice, merged):
    result = merge("abc", "aBc", "axc", choice)
    assert ("".join(result.lines), len(result.clashes)) == (merged, 1)


def test_of_two_thousand_random_pairs_no_added_row_is_lost():
    luck = random.Random(4)
    for _ in range(2000):
        base = list(range(luck.randrange(8)))
        sides = []
        for side in (1000, 2000):
            lines = [line for line in base if luck.random() > 0.2]
            for number in range(luck.randrange(4)):
                lines.insert(luck.randrange(len(lines) + 1), side + number)
            sides.append(lines)
        merged = merge(base, *sides).lines
        added = {line for side in sides for line in side if line >= 1000}
        kept = set(sides[0]) & set(sides[1])
        assert added <= set(merged) and kept <= set(merged)
        assert len(merged) == len(set(merged)), "nothing twice"
