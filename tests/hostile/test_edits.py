"""Editing a fact that holds what nobody sees: it is seen while it is written in, and stays where the owner left it."""

from __future__ import annotations

import json

import pytest

from garage_tui.core.facts.file import load_facts
from tests.support.app_user import make_run, open_app  # noqa: F401 (fixtures)

pytestmark = pytest.mark.usefixtures("workspace")
HIDDEN = "a\x1b[31m\u202eb\u200b\x00 \r\n\U000e0041 end"


@pytest.fixture
def file(workspace):
    path = workspace.datasets / "garage.jsonl"
    rows = [{"question": "Who is odd?", "answer": HIDDEN}, {"question": "Who is lost?", "answer": "␛ and \x1b"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


async def test_an_edit_changes_what_was_edited_and_keeps_what_is_hidden(open_app, file):  # noqa: F811
    async with open_app() as user:
        await user.sees("Who is odd?", "a␛[31m⟨U+202E⟩b⟨U+200B⟩␀")
        await user.press("right", "enter")
        await user.sees("Enter saves")
        await user.types("ing")
        await user.press("enter")
        await user.sees("Saved")
    assert load_facts(file).facts[0].answer == f"{HIDDEN}ing"


async def test_a_row_that_the_editor_could_not_give_back_is_not_opened(open_app, file):  # noqa: F811
    before = file.read_bytes()
    async with open_app() as user:
        await user.sees("Who is lost?")
        await user.press("down", "right", "enter")
        await user.sees("Here ␛ cannot be kept as it is: E opens the row in your editor")
    assert file.read_bytes() == before
