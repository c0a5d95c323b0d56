"""Two people change one file: what comes of it."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


rows = st.lists(st.sampled_from("aaabcdefgh"), max_size=60)


@given(base=rows, theirs=rows)
def test_what_only_one_side_changed_is_taken_as_it_is(base, theirs):
    for one, other in ((base, theirs), (theirs, base)):
        result = merge(base, one, other)
        assert result.lines == theirs and not result.clashes


@given(base=rows, mine=rows, theirs=rows)
def test_no_row_that_a_side_added_and_none_that_both_kept_is_lost(base, mine, theirs):
    merged, before = set(merge(base, mine, theirs).lines), Counter(base)
    added = {line for line in [*mine, *theirs] if line not in before}
    kept = {line for line in set(mine) & set(theirs) if before[line] == 1}  # of several each side may delete another
    assert added <= merged and kept <= merged


@given(base=st.permutations("abcdefghijkl"), mine=st.permutations("abcdefghijkl"))
def test_rows_that_were_only_moved_are_all_there(base, mine):
    assert merge(base, mine, base).lines == mine


class CountedLine(str):
    """A line that counts how often it is compared or looked up."""

    __slots__ = ()
    uses = 0

    def __eq__(self, other):
        CountedLine.uses += 1
        return str.__eq__(self, other)

    def __hash__(self):
        CountedLine.uses += 1
        return str.__hash__(self)


def every_second(lines):
    return [f"{line}!" if at % 2 else line for at, line in enumerate(lines)]


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda count: [f"row {at}" for at in range(count)], every_second),
        (lambda count: [f"row {at}" for at in range(count)], lambda lines: lines[::-1]),
        (lambda count: [f"row {at}" for at in range(count)], lambda lines: [f"{line}!" for line in lines]),
        (lambda count: [f"row {at % 7}" for at in range(count)], every_second),
        (lambda count: [f"row {at % 2}" for at in range(count)], lambda lines: ["x", *lines[1:-3], "y"]),
        (lambda count: ["" if at % 3 else f"row {at}" for at in range(count)], every_second),
    ],
    ids=["every second row", "turned round", "every row", "seven kinds of rows", "two kinds of rows", "blank lines"],
)
def test_four_times_as_many_rows_are_about_four_times_the_work(make, change):
    def work(count):
        base = make(count)
        mine, theirs = [*base[: count // 2], "mine", *base[count // 2 :]], change(base)
        CountedLine.uses = 0
        result = merge(*([CountedLine(line) for line in side] for side in (base, mine, theirs)))
        found = CountedLine.uses
        assert "mine" in result.lines
        return found

    assert work(4000) < 6 * work(1000)
