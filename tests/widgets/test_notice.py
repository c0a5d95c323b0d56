"""The line that says what just happened."""

from __future__ import annotations

from textual.app import App, ComposeResult

from garage_tui.widgets import notice
from garage_tui.widgets.notice import Notice


class _Screen(App[None]):
    def compose(self) -> ComposeResult:
        yield Notice(ends=True)


async def test_a_text_that_is_shown_twice_ends_too(monkeypatch):
    monkeypatch.setattr(notice, "_READING_SECONDS", 0.2)
    monkeypatch.setattr(notice, "_CHARACTERS_PER_SECOND", 1e6)
    async with _Screen().run_test() as pilot:
        line = pilot.app.query_one(Notice)
        line.done("Undone: adding a row")
        line.done("Undone: adding a row")
        assert line.text == "✓ Undone: adding a row"
        await pilot.pause(0.6)
        assert line.text == ""
