"""Curves in a frame: each line is as wide as the chart, each point where its value is, each label below its tick."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage_tui.driver.filters.ascii_filter import in_ascii
from garage_tui.widgets.charts.line_plot import Axis, Curve, plot

LEFT = Axis(0.0, 4.0, ((0.0, "0"), (2.0, "2"), (4.0, "4")))
RIGHT = Axis(0.0, 1.0, ((0.0, "0%"), (1.0, "100%")))
STEPS = Axis(0.0, 10.0, ((0.0, "0"), (5.0, "5"), (10.0, "10")))
FALLING = Curve([(0.0, 4.0), (10.0, 0.0)], "primary")
numbers = st.floats(-1e30, 1e30, allow_nan=False)


def texts(picture) -> list[str]:
    return ["".join(text for text, _ in line) for line in picture]


def test_a_falling_line_goes_from_the_upper_left_to_the_lower_right():
    assert texts(plot([FALLING], STEPS, LEFT, None, width=12, height=5)) == [
        "4┤⠑⠢⢄⡀      ",
        "2┤   ⠈⠒⠤⡀   ",
        "0┤      ⠈⠑⠢⢄",
        " └┬───┬────┬",
        "  0   5   10",
    ]


@given(
    st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20),
    st.integers(1, 60),
    st.integers(1, 20),
    st.sampled_from(["", "•"]),
    st.booleans(),
)
def test_every_line_is_as_wide_as_the_chart_whatever_is_drawn(points, width, height, sign, right):
    curve = Curve(sorted(points), "primary", sign, right)
    lows, highs = [min(one) for one in zip(*points, strict=True)], [max(one) for one in zip(*points, strict=True)]
    y = Axis(lows[1], highs[1], ((lows[1], f"{lows[1]:.1e}"), (highs[1], f"{highs[1]:.1e}")))
    x = Axis(lows[0], highs[0], ((lows[0], f"{lows[0]:.0f}"), (highs[0], f"{highs[0]:.0f}")))
    lines = texts(plot([curve], x, None if right else y, y if right else None, width=width, height=height))
    assert len(lines) == height and {len(line) for line in lines} == {width}


def test_a_curve_of_the_right_axis_is_drawn_on_its_scale_over_the_line():
    shares = Curve([(0.0, 1.0), (5.0, 0.5), (10.0, 0.0)], "success", "•", right=True)
    picture = plot([FALLING, shares], STEPS, LEFT, RIGHT, width=20, height=5)
    lines = texts(picture)
    assert [line.find("•") for line in lines[:3]] == sorted(line.find("•") for line in lines[:3])
    assert sum(line.count("•") for line in lines) == 3
    assert lines[0].endswith("├100%") and lines[2].endswith("├0%  ") and lines[1].endswith("│    ")
    assert {style for line in picture for text, style in line if "•" in text} == {"$success"}


def test_labels_that_would_touch_are_left_out_with_their_ticks():
    crowded = Axis(0.0, 10.0, tuple((float(at), f"{at}00") for at in range(11)))
    *_, edge, labels = texts(plot([FALLING], crowded, LEFT, None, width=30, height=6))
    assert edge.count("┬") == len(labels.split()) < 11
    assert all(label in {f"{at}00" for at in range(11)} for label in labels.split())


def test_labels_that_leave_no_columns_give_way_to_the_curve():
    wide = Axis(0.0, 4.0, ((0.0, "0.00000e+00"),))
    lines = texts(plot([FALLING], STEPS, wide, None, width=14, height=5))
    assert any("\u2801" <= letter <= "\u28ff" for line in lines for letter in line)
    assert not any("0.00000e+00" in line for line in lines)


def test_in_ascii_the_line_is_still_to_be_seen():
    lines = [in_ascii(line) for line in texts(plot([FALLING], STEPS, LEFT, None, width=40, height=10))]
    assert all(line.isascii() for line in lines)
    assert sum(sign in ".:'" for line in lines[:-2] for sign in line[2:]) >= 30, "a sign in nearly every column"


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (1, 1), (2, 3)])
def test_where_there_is_no_space_nothing_is_drawn(size):
    width, height = size
    lines = texts(plot([FALLING], STEPS, LEFT, RIGHT, width=width, height=height))
    assert lines == [" " * width] * height or all(len(line) == width for line in lines)
