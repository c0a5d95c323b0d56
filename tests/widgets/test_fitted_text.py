"""A text that is made for its width, whatever the order in which a screen is laid out."""

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from garage_tui.widgets.fitted_text import FittedText


class Box(App):
    CSS = "#half { width: 50%; } .hidden { display: none; }"

    def compose(self) -> ComposeResult:
        with Horizontal(id="half", classes="hidden"):
            yield FittedText("reading")

    @property
    def text(self) -> FittedText:
        return self.query_one(FittedText)


async def test_a_text_that_came_before_its_panel_was_laid_out_is_made_once_the_panel_has_a_width():
    widths: list[int] = []
    app = Box()
    async with app.run_test(size=(80, 24)) as pilot:
        app.text.fit(lambda width: widths.append(width) or Content(str(width)))
        await pilot.pause()
        assert widths == [] and str(app.text.content) == "reading"
        app.query_one("#half").remove_class("hidden")
        await pilot.pause()
        assert widths == [40]


async def test_it_is_made_again_for_another_width_and_not_for_the_same():
    widths: list[int] = []
    app = Box()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one("#half").remove_class("hidden")
        await pilot.pause()
        app.text.fit(lambda width: widths.append(width) or Content("\n" * width))
        await pilot.pause()
        await pilot.resize_terminal(80, 30)
        await pilot.resize_terminal(120, 30)
        await pilot.pause()
        assert widths == [40, 60]
        app.text.fit(lambda width: widths.append(-width) or Content("other"))
        assert widths == [40, 60, -60]
