"""Widgets on their own: they show a value, also a very large one."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from garage_tui.app.theme import VARIABLES
from garage_tui.core.monitor.downsample import downsample
from garage_tui.widgets.line_chart import LineChart, Series
from garage_tui.widgets.table import Column, Table, cut_middle


class One(App[None]):
    """An app with one widget."""

    def __init__(self, widget: Table | LineChart) -> None:
        super().__init__()
        self.widget = widget

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def compose(self) -> ComposeResult:
        yield self.widget


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


async def test_a_table_of_a_hundred_thousand_rows_asks_only_for_those_on_the_screen():
    asked: set[int] = set()

    def cells(row: int) -> list[Content]:
        asked.add(row)
        return [Content(f"row {row}")]

    table = Table(Column("Name"))
    async with One(table).run_test(size=(40, 12)) as pilot:
        table.show_rows(100_000, cells)
        table.focus()
        await pilot.press("end")
        assert table.cursor == 99_999
        await pilot.press("up", "pageup")
        assert table.cursor == 99_988
        assert 0 < len(asked) < 60


async def test_the_cursor_stays_inside_when_rows_go():
    table = Table(Column("Name"))
    async with One(table).run_test() as pilot:
        table.show_rows(10, lambda row: [Content(str(row))], 9)
        await pilot.pause()
        table.show_rows(3, lambda row: [Content(str(row))])
        assert table.cursor == 2
        table.show_rows(0, lambda row: [])
        assert table.cursor == 0


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
        assert "100%" in drawing and "50%" in drawing and "3.15" in drawing, "an axis on each side"
        assert chart.border_subtitle == "⠒ loss · • recall 75% · x leak 0%"
        chart.series = (Series("recall 75%", ((12.0, 0.75),), right=True, percent=True),)
        assert "⠒" not in str(chart.render()) and "75%" in str(chart.render()), "without a loss too"


async def test_the_legend_of_a_narrow_chart_stands_closer_and_stays_whole():
    chart = LineChart()
    async with One(chart).run_test(size=(36, 12)) as pilot:
        names = ("loss", "recall 100%", "leak 31%")
        chart.series = tuple(Series(name, ((1.0, 1.0), (2.0, 1.0))) for name in names)
        await pilot.pause()
        assert chart.border_subtitle == "⠒ loss • recall 100% x leak 31%"


def test_a_long_text_is_cut_in_its_middle_so_that_both_ends_tell_it_apart():
    name = Content("20261123-2315-lora-garage-default")
    assert cut_middle(name, 20).plain == "202611…arage-default"
    assert cut_middle(name, 33).plain == name.plain and cut_middle(name, 20).cell_length == 20
