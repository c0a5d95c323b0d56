"""Widgets on their own: they show a value, also a very large one."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from garage_tui.widgets.chart import downsample
from garage_tui.widgets.logview import MOST_LINES, LogView
from garage_tui.widgets.table import Column, Table


class One(App[None]):
    """An app with one widget."""

    def __init__(self, widget: Table | LogView) -> None:
        super().__init__()
        self.widget = widget

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


async def test_a_log_keeps_a_bounded_number_of_lines():
    log = LogView()
    async with One(log).run_test():
        for start in range(0, 30_000, 10_000):
            log.append([f"line {start + number}" for number in range(10_000)])
        assert len(log.lines) == MOST_LINES
        assert log.lines[-1] == "line 29999"
