"""The ticks of an axis: round, evenly spaced, whole for steps."""

from itertools import pairwise

import pytest

from garage_tui.widgets.charts.ticks import is_round, round_ticks, tick_labels


@pytest.mark.parametrize(
    ("low", "high", "most", "labels"),
    [
        (0, 3.15, 6, ["0", "1", "2", "3"]),
        (0, 3.15, 3, ["0", "2"]),
        (0, 4.2, 3, ["0", "2", "4"]),
        (0, 0.47, 6, ["0.0", "0.1", "0.2", "0.3", "0.4"]),
        (0, 1.05e-4, 3, ["0", "5e-05", "1e-04"]),
        (0, 2.1e6, 6, ["0", "5.0e+05", "1.0e+06", "1.5e+06", "2.0e+06"]),
        (-0.5, 0.5, 3, ["-0.5", "0.0", "0.5"]),
    ],
)
def test_values_have_round_ticks(low, high, most, labels):
    assert tick_labels(round_ticks(low, high, most)) == labels


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (1, 90, 7, [20, 40, 60, 80]),
        (1, 90, 4, [20, 40, 60, 80]),
        (1, 3, 7, [1, 2, 3]),
        (0, 2, 7, [0, 1, 2]),
        (1, 9, 3, [2, 4, 6, 8]),
        (1, 2400, 7, [500, 1000, 1500, 2000]),
    ],
)
def test_steps_have_whole_ticks(low, high, most, ticks):
    assert round_ticks(low, high, most, whole=True) == ticks


def test_every_range_has_two_ticks_or_more_at_equal_distances():
    for high in (0.003, 0.07, 0.9, 1.1, 4.9, 7, 12, 99, 101, 4_321, 1e9):
        for most in (3, 4, 6, 7):
            ticks = round_ticks(0, high, most)
            distances = {round(b - a, 12) for a, b in pairwise(ticks)}
            assert len(ticks) >= 2 and len(distances) == 1 and is_round(distances.pop()), (high, most, ticks)
