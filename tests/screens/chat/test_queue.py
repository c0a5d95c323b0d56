"""Questions that are sent while an answer streams: they wait, are asked in their order, and are never lost."""

from __future__ import annotations

import contextlib

import pytest
from textual import events

from tests.support.chat import BASE, idle


async def send(user, *questions):
    for question in questions:
        await user.types(question)
        await user.press("enter")


def questions_of(models):
    return [request["messages"][-1]["content"] for request in models.heard]


@pytest.fixture
def streaming(open_chat):
    """Opens a chat in which half of the answer to `first` has come, and the rest waits for `models.hold.set()`."""

    @contextlib.asynccontextmanager
    async def open_(**arguments):
        async with open_chat(["half", " an answer"], hold=True, **arguments) as (user, models):
            await send(user, "first")
            await user.sees("half")
            yield user, models

    return open_


async def test_keys_that_arrive_all_at_once_are_two_questions_and_not_one_twice(open_chat):
    async with open_chat(["an answer"]) as (user, models):
        await user.sees("Ask the base model")
        for key in ("o", "n", "e", "enter", "t", "w", "o", "enter"):  # as a slow line or a busy box brings them
            character = None if key == "enter" else key
            user.app.post_message(events.Key(key, character))
        await user.sees("› one", "› two")
        await idle(user)
    assert questions_of(models) == ["one", "two"]


async def test_a_question_sent_while_one_streams_waits_and_is_asked_next(streaming):
    async with streaming(size=(80, 24)) as (user, models):
        await send(user, "second")
        await user.sees("1 question waits · ↑ takes it back · second")
        await send(user, "third")
        await user.sees("2 questions wait")
        assert questions_of(models) == ["first"]
        models.hold.set()
        await user.sees_no("wait ·")
        await user.sees("› third")
        await idle(user)
    assert questions_of(models) == ["first", "second", "third"]
    last = [message["content"] for message in models.heard[-1]["messages"]]
    assert last == ["first", "half an answer", "second", "half an answer", "third"]


async def test_escape_stops_the_answer_and_holds_what_waits_until_enter(streaming):
    async with streaming() as (user, models):
        await send(user, "second")
        await user.press("escape", "escape", "escape")
        await user.sees("stopped", "1 question waits · Enter asks it · ↑ takes it back · second")
        assert user.app.pane.id == "chat" and questions_of(models) == ["first"]
        models.hold.set()
        await user.press("enter")
        await user.sees("› second", "7 tokens")
        await user.sees_no("waits")
    assert questions_of(models) == ["first", "second"]


async def test_up_takes_the_last_one_back_into_the_input_field(streaming):
    async with streaming() as (user, models):
        await send(user, "second", "third")
        await user.press("up")
        await user.sees("1 question waits", "│ third")
        await user.types("!")
        await user.press("enter")
        await user.sees("2 questions wait")
        models.hold.set()
        await idle(user)
    assert questions_of(models) == ["first", "second", "third!"]


async def test_up_takes_it_back_also_while_something_else_is_written_which_down_brings_back(streaming):
    async with streaming() as (user, models):
        await send(user, "second", "third")
        await user.types("fourth")
        await user.press("up")
        await user.sees("1 question waits", "│ third")
        await user.press("up")
        await user.sees_no("waits")
        await user.sees("│ second")
        await user.press("down")
        await user.sees("│ fourth")
        models.hold.set()
        await idle(user)
    assert questions_of(models) == ["first"]


async def test_what_waits_is_there_after_another_screen_and_after_a_restart(open_app, model_server):
    async with model_server() as models:
        models.answers = {BASE: ["half", " an answer"]}
        models.hold.clear()
        async with open_app(screen="chat") as user:
            await send(user, "first")
            await user.sees("half")
            await send(user, "second")
            await user.press("f3", "f4")
            await user.sees("1 question waits")
        async with open_app(screen="chat") as user:
            await user.sees("1 question waits · Enter asks it · ↑ takes it back · second")
            models.hold.set()
            await user.press("enter")
            await user.sees("› second", "7 tokens")
        async with open_app(screen="chat") as user:
            await user.pilot.pause(0.2)
            assert "waits" not in user.screen
    assert questions_of(models) == ["first", "second"]


async def test_an_error_holds_what_waits_for_it_would_meet_the_error_too(streaming):
    async with streaming() as (user, models):
        await send(user, "second", "third")
        models.answers = {}  # the server breaks off
        models.hold.set()
        await user.sees("✗ the server broke off", "1 question waits · Enter asks it · ↑ takes it back · third")
    assert questions_of(models) == ["first", "second"]


async def test_a_new_conversation_keeps_what_waits(streaming):
    async with streaming() as (user, models):
        await send(user, "second")
        await user.press("ctrl+l")
        await user.sees("1 question waits · Enter asks it")
        models.hold.set()
        await user.press("enter")
        await user.sees("› second", "7 tokens")
    assert [message["content"] for message in models.heard[-1]["messages"]] == ["second"]
