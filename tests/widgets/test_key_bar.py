"""The last line of the app: only keys that do what they say."""

from __future__ import annotations

import pytest

from tests.support.app_user import make_run as make_run
from tests.support.app_user import open_app as open_app


def last_line(user) -> str:
    return user.screen.splitlines()[-1]


@pytest.mark.parametrize("screen", ["facts", "runs"])
async def test_letters_and_signs_are_no_keys_while_one_types(open_app, make_run, screen):
    make_run("20260101-000000-a", "finished")
    async with open_app(screen=screen) as user:
        await user.sees("/ Find" if screen == "facts" else "F3 Runs")
        assert " q Quit" in last_line(user)
        await user.press("/")
        await user.types("u/")
        shown = last_line(user)
        assert "⏎ To the rows" in shown and "Esc" in shown and "^q Quit" in shown and "F1 Help" in shown
        assert "/ Find" not in shown and "u Undo" not in shown and " q Quit" not in shown


async def test_a_dialog_with_one_field_shows_that_enter_takes_it(open_app):
    async with open_app() as user:
        await user.sees("35 rows")
        await user.press("I")
        await user.sees("Import facts from which file?", "⏎ Take this path  Tab Complete")
        await user.press("enter")
        await user.sees("enter the path of a file")
        await user.press("escape", "o", "end", "enter")
        await user.sees("A new facts file", "⏎ Begin it")


async def test_the_help_says_which_signs_are_text_while_one_types(open_app):
    async with open_app() as user:
        await user.sees("35 rows")
        await user.press("/", "f1")
        await user.sees("Show only rows that contain some words (not while you type)")
