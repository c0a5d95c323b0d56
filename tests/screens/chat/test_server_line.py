"""The last line of the chat: a message is read first, then the state of the server comes back."""

import pytest
from textual.app import App, ComposeResult

from garage_tui.screens.chat import server_line
from garage_tui.screens.chat.server_line import ServerLine


class LineApp(App[None]):
    def compose(self) -> ComposeResult:
        yield ServerLine()


@pytest.mark.parametrize(("seconds", "text"), [(60.0, "copied"), (0.0, "● ready")])
async def test_a_message_stays_for_as_long_as_it_takes_to_read(monkeypatch, seconds, text):
    monkeypatch.setattr(server_line, "_READING_SECONDS", seconds)
    app = LineApp()
    async with app.run_test():
        line = app.query_one(ServerLine)
        line.show_state("○ off", "off")
        assert line.text == "○ off"
        line.note("copied")
        line.show_state("● ready", "ready")
        assert line.text == text


async def test_a_state_replaces_the_state_before_at_once_even_if_that_was_reported_twice():
    app = LineApp()
    async with app.run_test():
        line = app.query_one(ServerLine)
        for state in ("○ off", "○ off", "◐ starting", "● ready", "● ready", "✗ failed"):
            line.show_state(state, "off")
            assert line.text == state
