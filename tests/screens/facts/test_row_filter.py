"""Only some rows are shown: those that contain a text, or those of one kind."""

from __future__ import annotations

import contextlib
import json
import time

import pytest

from garage_tui.screens.facts import row_filter
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


def numbered(count):
    """Rows of which every tenth is about a needle."""
    return [
        json.dumps(
            {"question": f"Who is {'needle' if at % 10 == 5 else 'person'} {at}?", "answer": f"P{at} is a pilot."}
        )
        for at in range(count)
    ]


@pytest.mark.parametrize("count", [60, 20_000], ids=["few rows", "so many that a thread filters them"])
async def test_deleting_with_a_filter_deletes_only_rows_that_it_shows(open_app, file, count):
    lines = numbered(count)
    file.write_text("\n".join(lines) + "\n")
    async with open_app() as user:
        await user.sees(f"{count:,} rows")
        await user.press("/")
        await user.types("needle")
        await user.sees(f"{count // 10:,} shown")
        await user.press("enter")
        await user.types("ddd")  # as fast as keys can come
        await user.sees(f"{count // 10 - 3:,} shown")
        await user.press("d")
        await user.sees(f"{count // 10 - 4:,} shown", "Deleted “Who is needle 35?”")
    left = set(file.read_text().splitlines())
    gone = [json.loads(line)["question"] for line in lines if line not in left]
    assert gone == [f"Who is needle {at}?" for at in (5, 15, 25, 35)]


async def test_the_cursor_goes_to_a_row_that_is_shown_when_somebody_else_deletes_its_row(open_app, file):
    lines = numbered(60)
    file.write_text("\n".join(lines) + "\n")
    async with open_app() as user:
        await user.sees("60 rows")
        await user.press("/")
        await user.types("needle")
        await user.sees("6 shown")
        await user.press("enter")
        file.write_text("\n".join(line for at, line in enumerate(lines) if at != 5) + "\n")
        screen = await user.sees("reloaded", "5 shown")
    assert any("▸" in line and "needle 15" in line for line in screen.splitlines())


@pytest.fixture
def open_many(open_app, file):
    """Opens the app on 6,000 rows with those of a needle filtered."""

    @contextlib.asynccontextmanager
    async def open_():
        file.write_text("\n".join(numbered(6000)) + "\n")
        async with open_app() as user:
            await user.sees("6,000 rows")
            await user.press("/")
            await user.types("needle")
            await user.sees("600 shown")
            yield user

    return open_


@pytest.fixture
def slow(monkeypatch):
    """Has filters of many rows take their time from now on."""
    found = row_filter.filter_rows

    def begin() -> None:
        monkeypatch.setattr(row_filter, "filter_rows", lambda *a, **k: (time.sleep(0.5), found(*a, **k))[1])

    return begin


async def test_while_a_new_filter_is_searched_keys_act_on_the_rows_of_the_one_before(open_many, slow, file):
    async with open_many() as user:
        slow()
        await user.types(" 9")
        await user.press("enter", "d", "d")
        assert "Who is needle 25?" in user.screen, "the rows of the filter before"
        await user.sees("Deleted “Who is needle 15?”")
        await user.sees_no("Who is needle 25?")
    left = set(file.read_text().splitlines())
    gone = [json.loads(line)["question"] for line in numbered(6000) if line not in left]
    assert gone == ["Who is needle 5?", "Who is needle 15?"]


async def test_the_cursor_that_went_on_while_rows_were_searched_is_not_taken_back(open_many, slow):
    async with open_many() as user:
        await user.press("enter")
        slow()
        await user.press("d", "down", "down")
        await user.pilot.pause(0.8)
        screen = await user.sees("599 shown")
    assert any("▸" in line and "needle 35" in line for line in screen.splitlines())


async def test_a_filter_that_was_changed_before_its_rows_were_found_finds_all_of_the_next_one(open_many, slow):
    async with open_many() as user:
        await user.types(" 9")
        await user.sees("114 shown")
        slow()
        await user.press("backspace", "3")
        await user.sees_no("114 shown")
        await user.sees("195 shown")
