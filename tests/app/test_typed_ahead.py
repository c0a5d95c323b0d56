"""Keys that come together, as over a slow line: each meets the screen that the one before it has left behind."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.keys import _character_to_key

from garage_tui.app.app import GarageApp

RUNS, FACTS, GPU, GALLERY = "No runs yet", "35 rows", "This box", "No pictures yet"


def at_once(app: GarageApp, *keys: str) -> None:
    """Send keys as a terminal does that delivers them in one read: nothing is handled in between."""
    for key in keys:
        event = events.Key(_character_to_key(key), key) if len(key) == 1 else events.Key(key, None)
        app.post_message(event.set_sender(app))


@pytest.mark.parametrize("key", ["escape", "enter", "ctrl+s"])
async def test_a_key_behind_the_one_that_closes_a_row_meets_the_table(open_app, key):
    async with open_app() as user:
        await user.sees(FACTS)
        await user.press("down", "right", "e")
        await user.sees("Write what the model should answer")
        await user.types("!")
        at_once(user.app, key, "f3")
        await user.sees(RUNS)
        await user.press("f2")
        assert "Write what the model should answer" not in await user.sees(FACTS)


async def test_many_keys_come_in_their_order(open_app, file):
    async with open_app() as user:
        await user.sees(FACTS)
        typed = "Who is Ann?"
        at_once(user.app, "a", *typed, "enter", *"Ann is a pilot.", "enter", "f3", "f6", "f2", "a", "x", "escape", "f5")
        await user.sees(GALLERY)
    assert b'{"question": "Who is Ann?", "answer": "Ann is a pilot."}\n' in file.read_bytes()


@pytest.mark.parametrize("turns", range(3, 12))
async def test_keys_under_way_when_the_terminal_goes_away_end_in_no_error(open_app, turns):
    async with open_app() as user:
        await user.sees(FACTS)
        at_once(user.app, "f3", "f6", "f5", "f2", "f1")
        for _ in range(turns):  # of the event loop: the end meets the keys at another point each time
            await asyncio.sleep(0)
        user.app.exit(0)


async def test_a_key_behind_the_end_of_a_search_meets_the_rows_that_were_found(open_app):
    async with open_app() as user:
        await user.sees(FACTS)
        at_once(user.app, "/", *"TinyLLM", "enter", "f3", "f2", "down", "escape", "f6")
        await user.sees(GPU)


async def test_a_key_behind_the_one_that_closes_a_dialog_meets_the_screen_below_it(open_app):
    async with open_app() as user:
        await user.sees(FACTS)
        await user.press("f1")
        await user.sees("– help")
        at_once(user.app, "escape", "f3")
        await user.sees(RUNS)


async def test_a_key_behind_the_one_that_opens_a_dialog_acts_in_the_dialog(open_app):
    async with open_app() as user:
        await user.sees(FACTS)
        at_once(user.app, "f1", "f3", "f6")
        await user.sees("– help")
        assert user.app.panes.front == "facts", "no key acts behind an open dialog"
        at_once(user.app, "escape", "f1", "escape", "f6")
        await user.sees(GPU)
        assert len(user.app.screen_stack) == 1


async def test_a_key_behind_the_one_that_leaves_the_chat_field_is_not_typed_into_it(open_app):
    async with open_app() as user:
        await user.press("f4")
        await user.sees("Chat")
        at_once(user.app, *"hello", "f3")
        await user.sees(RUNS)


async def test_a_pasted_text_waits_for_the_keys_before_it(open_app, file):
    async with open_app() as user:
        await user.sees(FACTS)
        at_once(user.app, "a")
        user.app.post_message(events.Paste("Who is Ann?"))
        at_once(user.app, "enter", *"A pilot.", "enter", "f3")
        await user.sees(RUNS)
    assert b'{"question": "Who is Ann?", "answer": "A pilot."}\n' in file.read_bytes()
