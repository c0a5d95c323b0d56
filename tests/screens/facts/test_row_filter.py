"""Only some rows are shown: those that contain a text, or those of one kind."""

from __future__ import annotations

from tests.support.facts_files import CAT, DOG


async def test_rows_are_found_while_one_types_and_the_new_row_stays_in_sight(open_facts):
    async with open_facts(DOG, CAT, DOG.replace("Rex", "Ben")) as user:
        await user.press("/")
        await user.types("is ben")
        await user.sees("1 shown", "Who is Ben?")
        assert "Who is Rex?" not in user.screen
        await user.press("enter", "a", "x", "enter")
        await user.sees("Write what the model should answer")
        await user.press("y", "enter")
        await user.sees("Saved", "▸   4  x")
        await user.press("escape")
        await user.sees("Who is Rex?", "4 rows")


async def test_only_rows_of_one_kind_are_shown(open_facts):
    async with open_facts(DOG, "{broken", CAT) as user:
        await user.sees("2 rows · 2 facts · 1 problem")
        await user.press("f")
        await user.sees("Facts with only one question")
        await user.press("down", "enter")
        await user.sees("1 shown (rows with problems)", "not JSON")
        assert "Who is Tom?" not in user.screen
        await user.press("escape")
        await user.sees("Who is Tom?")
