"""A widget learns its size when it comes to the screen, whatever else happens there."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from garage_tui.widgets._textual_internals import GuardedApp


class _Sized(Static):
    seen = 0

    def on_resize(self, event):
        self.seen = event.size.width


class _App(GuardedApp):
    def compose(self) -> ComposeResult:
        with VerticalScroll():
            for line in range(200):
                yield Static(str(line))


async def test_a_widget_that_was_looked_up_before_its_first_layout_is_told_its_size():
    async with _App().run_test(size=(80, 24)) as pilot:
        scroller = pilot.app.query_one(VerticalScroll)
        for rows in range(10, 60, 10):
            scroller.scroll_to(y=rows, animate=False)  # the lines in sight are laid out alone
            await pilot.pause()
            widget = _Sized("new")
            await scroller.mount(widget, before=0)
            assert widget.size.width >= 0  # the look-up
            await pilot.pause()
            scroller.scroll_to(y=0, animate=False)
            await pilot.pause()
            assert widget.seen == widget.size.width > 0


async def test_a_text_that_changes_twice_around_a_layout_has_the_height_of_the_last_one():
    async with _App().run_test(size=(80, 24)) as pilot:
        scroller = pilot.app.query_one(VerticalScroll)
        await scroller.mount(text := Static("one"), before=0)
        await pilot.pause()
        text.update("one\ntwo")
        scroller._clear_arrangement_cache()
        pilot.app.screen._refresh_layout()  # for another widget, before the text's own turn
        text.update("one\ntwo\nthree")
        await pilot.pause()
        assert text.size.height == 3
