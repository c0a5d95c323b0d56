"""A value between nothing and all of it: what stands in the line."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage_tui.widgets.charts.gauge import gauge

MARKS = ((75.0, "warning"), (84.0, "error"))


def coloured(content) -> list[tuple[str, str]]:
    return [(content.plain[span.start : span.end], str(span.style)) for span in content.spans]


@pytest.mark.parametrize(
    ("value", "bar"),
    [
        (0, "──────────"),
        (0.01, "╸─────────"),
        (10, "━─────────"),
        (12.5, "━─────────"),
        (15, "━╸────────"),
        (50, "━━━━━─────"),
        (97, "━━━━━━━━━╸"),
        (99.9, "━━━━━━━━━╸"),
        (100, "━━━━━━━━━━"),
        (1e9, "━━━━━━━━━━"),
        (math.inf, "━━━━━━━━━━"),
        (-5, "──────────"),
        (-math.inf, "──────────"),
    ],
)
def test_the_bar_is_as_long_as_the_value_is_large(value, bar):
    assert gauge(value, 100, 10).plain == bar


@pytest.mark.parametrize(("value", "top"), [(None, 100), (math.nan, 100), (5, None), (5, 0), (5, -1), (5, math.nan)])
def test_what_is_not_known_is_a_dash_before_an_empty_track(value, top):
    assert gauge(value, top, 10, MARKS).plain == "– ────────"
    assert gauge(value, top, 1).plain == "–"


def test_marks_stand_at_their_place_and_are_heavy_once_they_are_reached():
    assert gauge(40, 100, 40, MARKS).plain == "━━━━━━━━━━━━━━━━──────────────│──│──────"
    assert gauge(80, 100, 40, MARKS).plain == "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┃━─│──────"
    assert gauge(83.9, 100, 40, MARKS).plain == "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┃━━│──────"
    assert gauge(84, 100, 40, MARKS).plain == "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┃━━┃──────"


def test_the_part_beyond_a_mark_has_its_colour():
    assert coloured(gauge(92.5, 100, 40, MARKS, colour="secondary")) == [
        ("━" * 30, "$secondary"),
        ("┃━━", "$warning"),
        ("┃━━━", "$error"),
        ("───", "$line"),
    ]


def test_the_order_of_marks_does_not_matter_and_one_off_the_scale_is_left_out():
    assert gauge(80, 100, 40, [*reversed(MARKS), (120, "error"), (math.nan, "error")]) == gauge(80, 100, 40, MARKS)


def test_of_marks_in_one_cell_the_one_that_is_reached_is_seen():
    assert gauge(80, 100, 4, MARKS).plain == "━━━┃"


@given(
    value=st.none() | st.floats(),
    top=st.none() | st.floats(),
    width=st.integers(-2, 120),
    marks=st.lists(st.tuples(st.floats(), st.sampled_from(["warning", "error"])), max_size=3),
)
def test_any_gauge_is_exactly_as_wide_as_its_place(value, top, width, marks):
    assert gauge(value, top, width, marks).cell_length == max(0, width)
