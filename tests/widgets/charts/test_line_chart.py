"""Line charts on their own: any curve is drawn, and drawn inside its frame."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from garage_tui.app.theme import VARIABLES
from garage_tui.widgets.charts.line_chart import LineChart, Series


class One(App[None]):
    """An app with one chart."""

    def __init__(self, widget: LineChart) -> None:
        super().__init__()
        self.widget = widget

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def compose(self) -> ComposeResult:
        yield self.widget


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "ys",
    [(2.0, 1e300, 3.0), (-1.0, -5.0, -2.0), (0.0, 0.0, 0.0), (1e-9, 3e7, 1.0), (-1e308, 1e308, 0.0)],
    ids=["exploded", "below zero", "all zero", "seven figures", "both ways"],
)
async def test_any_curve_is_drawn_in_a_moment_and_inside_its_frame(ys):
    chart = LineChart()
    async with One(chart).run_test(size=(60, 16)) as pilot:
        chart.series = (Series("loss", tuple((float(step), y) for step, y in enumerate(ys))),)
        await pilot.pause()
        drawing = chart.render()
        assert any("\u2801" <= letter <= "\u28ff" for letter in str(drawing)), "no curve"
        assert all(len(line) <= 60 for line in str(drawing).splitlines())


async def test_points_at_one_step_are_no_curve_yet():
    chart = LineChart()
    chart.empty = "no curve yet"
    async with One(chart).run_test(size=(60, 16)):
        chart.series = (Series("loss", ((3.0, 1.0), (3.0, 2.0))),)
        assert str(chart.render()) == "no curve yet"


async def test_a_single_share_is_seen_on_an_axis_of_percents_and_three_curves_are_told_apart_by_their_signs():
    chart = LineChart()
    async with One(chart).run_test(size=(60, 16)) as pilot:
        loss = Series("loss", ((1.0, 3.0), (12.0, 1.0)))
        chart.series = (
            loss,
            Series("recall 75%", ((12.0, 0.75),), right=True, percent=True),
            Series("leak 0%", ((12.0, 0.0),), right=True, percent=True),
        )
        await pilot.pause()
        drawing = str(chart.render())
        assert (drawing.count("•"), drawing.count("x")) == (1, 1)
        assert "100%" in drawing and "60%" in drawing and "3" in drawing, "an axis on each side"
        assert chart.border_subtitle == "⠒ loss · • recall 75% · x leak 0%"
        chart.series = (Series("recall 75%", ((12.0, 0.75),), right=True, percent=True),)
        assert "⠒" not in str(chart.render()) and "80%" in str(chart.render()), "without a loss too"


async def test_the_legend_of_a_narrow_chart_stands_closer_and_stays_whole():
    chart = LineChart()
    async with One(chart).run_test(size=(36, 12)) as pilot:
        names = ("loss", "recall 100%", "leak 31%")
        chart.series = tuple(Series(name, ((1.0, 1.0), (2.0, 1.0))) for name in names)
        await pilot.pause()
        assert chart.border_subtitle == "⠒ loss • recall 100% x leak 31%"
