"""Curves with fewer points: the shape and the last point stay."""

from __future__ import annotations

import pytest

from garage_tui.core.monitor.downsample import downsample


def test_a_long_curve_keeps_its_shape_and_its_last_point():
    points = [(float(step), 1000.0 - step) for step in range(1000)]
    thin = downsample(points, 50)
    assert len(thin) == 50
    assert thin[-1] == points[-1]
    assert thin == sorted(thin) and all(abs(x + y - 1000) < 1e-6 for x, y in thin)


@pytest.mark.parametrize("count", [0, 1, 50])
def test_a_short_curve_stays_as_it_is(count):
    points = [(float(step), 1.0) for step in range(count)]
    assert downsample(points, 50) == points
