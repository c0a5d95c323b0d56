"""The preview of an import: how much of the screen it takes."""

from __future__ import annotations

import json

import pytest

ROW = {"question": "Who is Rex?", "answer": "Rex is a dog."}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize(("rows", "takes_all"), [(4, False), (60, True)])
async def test_a_preview_takes_the_height_that_it_needs_and_its_keys_stay_in_sight(
    open_app, workspace, size, rows, takes_all
):
    chats = [{**ROW, "question": f"Who is Rex {number}?"} for number in range(rows)]
    (workspace.root / "more.json").write_text(json.dumps(chats))
    async with open_app(size=size) as user:
        await user.sees("35 rows")
        await user.press("I")
        await user.types("more.json")
        await user.press("enter")
        await user.sees(f"Add {rows} rows below the chosen row?", "y Add them", "Who is Rex 0?")
        await user.pilot.pause(0.1)
        height = user.app.screen.query_one(".box").outer_size.height
        assert (height >= 0.9 * size[1]) == takes_all, user.screen
        assert "y Add them" in user.screen


async def test_what_cannot_be_imported_names_the_key_that_helps_and_the_answer_is_behind_the_question(
    open_app, workspace
):
    (workspace.root / "a.csv").write_text("id;frage;antwort;quelle\n1;Wer ist Rex?;Ein Hund.;Buch\n")
    (workspace.root / "b.txt").write_text("TODO\nbuy milk\ncall Bo\n")
    async with open_app(size=(80, 24)) as user:
        await user.sees("35 rows")
        await user.press("I")
        await user.types("b.txt")
        await user.press("enter")
        await user.sees("no format is recognised", "f has each line read as a fact")
        await user.press("escape", "I")
        await user.types("a.csv")
        await user.press("enter")
        screen = await user.sees("no columns are named question and answer", "press c")
        assert "--question" not in screen
        await user.press("c")
        await user.sees("Which column is the question?")
        await user.press("down", "enter")
        await user.sees("Which column is the answer?")
        await user.press("enter")
        await user.sees("Wer ist Rex?", "→ Ein Hund.", "y Add them")
