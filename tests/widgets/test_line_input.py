"""Input lines: what happens to a pasted text of several lines."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input

from garage_tui.widgets.log.search_input import SearchInput
from tests.support.app_user import open_app as open_app


async def paste(user, text):
    event = events.Paste(text)
    event.set_sender(user.app)
    user.app.post_message(event)
    await user.pilot.pause()


@pytest.mark.parametrize(
    ("pasted", "line"),
    [
        ("Explain this:\nTraceback: ValueError\r\n\n  why?\n", "Explain this: Traceback: ValueError why?"),
        ("\n\nWhat is it?\n", "What is it?"),
        (" one word ", " one word "),
        ("\n", ""),
    ],
)
async def test_a_question_of_several_lines_is_pasted_whole(open_app, pasted, line):
    async with open_app(screen="chat") as user:
        await user.sees("Ask a question below")
        await paste(user, pasted)
        assert user.app.screen.focused.value == line


async def test_a_pasted_text_takes_the_place_of_what_is_selected(open_app):
    async with open_app(screen="chat") as user:
        await user.sees("Ask a question below")
        await user.types("old")
        user.app.screen.focused.select_all()
        await paste(user, "new\nquestion")
        assert user.app.screen.focused.value == "new question"


async def test_several_lines_are_pasted_whole_into_the_filter_of_the_facts(open_app):
    async with open_app() as user:
        await user.sees("35 rows")
        await user.press("/")
        await paste(user, "maintains\nTinyLLM")
        assert isinstance(user.app.screen.focused, Input)
        assert user.app.screen.focused.value == "maintains TinyLLM"


def test_the_search_of_a_log_takes_the_first_line_that_is_not_empty():
    assert SearchInput().in_one_line("\nValueError: 3\nTraceback") == "ValueError: 3"
