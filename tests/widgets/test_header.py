"""The first line of the app: in a narrow terminal it says what matters most, and leaves out what is least."""

import pytest
from textual.app import App
from textual.content import Content

from garage_tui.app.tabs import TABS
from garage_tui.widgets.header import HeaderBar

GAUGES = ("71 °C  212 W  18.2/24.0 GiB", "71 °C  212 W", "71 °C", "")
RUN = ("▶ lodge 1,234/2,000 ━━━━━━━━╌╌╌╌ 4 min left", "▶ 1,234/2,000 4 min left", "▶ 62 %", "▶")


class HeaderApp(App):
    def __init__(self, active, gauges, run):
        super().__init__()
        self.active, self.given, self.run_lines = active, gauges, run

    def compose(self):
        header = HeaderBar("/home/me/garage/box", TABS)
        header.active, header.gauges = self.active, self.given
        header.run_lines = tuple(Content(form) for form in self.run_lines)
        yield header


async def line(width, active="facts", gauges=GAUGES, run=RUN):
    app = HeaderApp(active, gauges, run)
    async with app.run_test(size=(width, 5)):
        return app.query_one(HeaderBar).render().plain


@pytest.mark.parametrize("width", [80, 100, 140])
async def test_every_screen_is_there_while_nothing_runs(width):
    shown = await line(width, gauges=("load 0.3  4.1/23.5 GiB", "load 0.3"), run=())
    assert len(shown) == width
    assert all(f"{tab.key} {tab.label}" in shown for tab in TABS)


async def test_the_workspace_is_left_out_before_a_screen_is():
    assert "garage/box" in await line(120, run=())
    shown = await line(80, gauges=("load 0.3  4.1/23.5 GiB",), run=())
    assert "F7 School" in shown and "box" not in shown


async def test_beside_a_run_a_narrow_header_says_more_of_the_run_instead_of_the_rarest_screen():
    shown = await line(80)
    assert "F6 GPU" in shown and "School" not in shown
    assert "▶ 62 %" in shown or "4 min left" in shown
    assert "F7 School" in await line(80, active="school"), "the screen in front is always there"
    assert "F7 School" in await line(100)
