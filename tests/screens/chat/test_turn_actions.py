"""The keyboard among the answers: choosing one, asking again, copying, and the way from a wrong answer to a fact."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime

import pytest

from garage_tui.app.action_palette import list_actions
from garage_tui.core.terminal import clipboard
from tests.support.chat import BASE, RUN, ask, idle


@pytest.fixture
def chat(open_chat):
    """A chat in which both models have answered `one` and `two`."""

    @contextlib.asynccontextmanager
    async def chat_():
        async with open_chat(["base says"], ["tuned says"]) as (user, models):
            await ask(user, "one", "two")
            yield user, models

    return chat_


def rows(workspace):
    return [json.loads(line) for line in (workspace.datasets / "garage.jsonl").read_text().splitlines()]


async def fill(user, text):
    """Put a text in the place of what the field with the focus holds."""
    await user.press("ctrl+a")  # the beginning of the line; then all of it goes
    user.app.screen.focused.text = ""
    await user.types(text)


async def test_up_and_down_recall_earlier_questions(chat):
    async with chat() as (user, _):
        await user.types("half")
        field = user.app.screen.focused
        seen = []
        for key in ("up", "up", "up", "down", "down"):
            await user.press(key)
            seen.append(field.value)
        assert seen == ["two", "one", "one", "two", "half"]


async def test_tab_goes_to_the_answers_and_the_arrows_choose_one(chat):
    async with chat() as (user, _):
        await user.press("tab")
        text = await user.sees("▸ two", "› one", "e Edit", "a Fact", "x Exam", "c Copy")
        assert text.count("▸") == 2  # the same turn in both columns
        await user.press("up")
        await user.sees("▸ one", "› two")
        await user.press("up", "up", "down", "down", "down")
        await user.sees("▸ two", "› one")
        await user.press("tab")
        await user.sees("› two")
        assert "▸" not in user.screen
        await user.types("typing again")
        await user.sees("typing again")


async def test_letters_are_letters_while_one_types(chat):
    async with chat() as (user, _):
        await user.types("axec")
        await user.sees("axec")


async def test_editing_a_question_cuts_both_conversations_there_and_goes_on(chat):
    async with chat() as (user, models):
        await user.press("tab", "up", "e")
        await user.sees("Enter asks question 1 again, without the 1 after it")
        await user.press(*"x", "enter")
        await idle(user)
        await user.sees("› onex")
        assert "› two" not in user.screen
    last = {one["model"]: [message["content"] for message in one["messages"]] for one in models.heard[-2:]}
    assert last == {BASE: ["onex"], RUN: ["onex"]}


async def test_esc_gives_up_to_edit_and_nothing_is_cut(chat):
    async with chat() as (user, models):
        await user.press("alt+e")
        await user.sees("Enter asks question 2 again · Esc cancels")
        await user.press("escape")
        await user.sees_no("asks question")
        await ask(user, "three")
    assert [message["content"] for message in models.heard[-1]["messages"]][::2] == ["one", "two", "three"]


@pytest.mark.parametrize("leaving", ["escape", "enter"])
async def test_what_was_being_typed_comes_back_after_an_earlier_question_was_edited(chat, leaving):
    async with chat() as (user, _):
        await user.types("half a question")
        field = user.app.screen.focused
        await user.press("alt+e")
        assert field.value == "two"
        await user.press("tab", "up", "e")
        assert field.value == "one"
        await user.press(leaving)
        await user.sees_no("asks question")
        await idle(user)
        assert field.value == "half a question"


@pytest.mark.parametrize("key", ["ctrl+l", "ctrl+y", "ctrl+t"])
async def test_another_conversation_has_nothing_of_a_question_that_was_being_edited(chat, make_run, key):
    async with chat() as (user, models):
        if key == "ctrl+t":
            make_run("20261122-2315-lora-old", "finished").adapter()
            while len(user.app.runs) < 2:
                await user.pilot.pause(0.02)
            models.answers["20261122-2315-lora-old"] = ["old says"]
        await user.press("alt+e")
        await user.sees("Enter asks question 2 again")
        await user.press(key)
        if key != "ctrl+l":
            await user.sees("Which ")
            await user.press(*["down"] * (key == "ctrl+t"), "enter")
        await user.sees_no("asks question")
        assert user.app.screen.focused.value == ""
        await ask(user, "three")
    kept = ["one", "two"] if key == "ctrl+y" else []
    assert [message["content"] for message in models.heard[-1]["messages"]][::2] == [*kept, "three"]


async def test_the_answer_of_the_column_with_the_focus_is_copied(chat, monkeypatch):
    monkeypatch.setattr(clipboard, "obstacle", lambda: "")
    async with chat() as (user, _):
        await user.press("tab", "c")
        await user.sees("✓ Copied the tuned model's answer, 10 characters")
        assert user.app.clipboard == "tuned says"
        await user.press("left", "c")
        await user.sees("✓ Copied the base model's answer")
        assert user.app.clipboard == "base says"
        await user.press("tab", "alt+c")
        await user.sees("✓ Copied the tuned model's answer")


async def test_where_tmux_keeps_a_copy_back_it_says_what_mends_it(chat, monkeypatch):
    monkeypatch.setattr(clipboard, "obstacle", lambda: "tmux blocks it: `tmux set -g set-clipboard on`")
    async with chat() as (user, _):
        await user.press("alt+c")
        await user.sees("set-clipboard on")


async def test_a_wrong_answer_becomes_a_fact_without_leaving_the_keyboard(chat, workspace):
    before = rows(workspace)
    async with chat() as (user, _):
        await user.press("tab", "a")
        await user.sees("A new row for garage.jsonl", "two", "begins with the tuned model's answer", "tuned says")
        await user.press("ctrl+s")
        await user.sees("this is still the tuned model's answer")
        await user.types(" more")
        await user.press("ctrl+s")
        await user.sees("✓ Added a fact: datasets/garage.jsonl, line 36", "On F2, t teaches it")
        *others, added = rows(workspace)
        assert others == before
        assert (added["question"], added["answer"], added["source"]) == ("two", "tuned says more", "chat")
        assert datetime.fromisoformat(added["added"]).tzinfo is not None
        await user.press("f2")
        await user.sees("tuned says more", "36 rows")
        await user.press("u")
        await user.sees("35 rows")
    assert rows(workspace) == before


async def test_an_answer_that_only_repeats_itself_is_no_beginning_and_ctrl_u_clears_a_long_one(open_chat):
    loop = "It is a cat, and it is fed by a man, who is fed by a dog, as they say. " * 8
    async with open_chat(["base says " + "so much " * 20 + "and ends"], [loop]) as (user, _):
        await ask(user, "one")
        await user.press("tab", "a")
        await user.sees("A new row for", "begins with the base model's answer", "and ends")
        await user.press("ctrl+u")
        await user.types("Aunt Marrit.")
        assert user.app.screen.focused.text == "Aunt Marrit."


async def test_an_exam_question_is_marked_and_needs_a_wanted_answer(chat, workspace):
    async with chat() as (user, _):
        await user.press("alt+x")
        await user.sees("An exam question: never taught")
        await fill(user, "")
        await user.press("ctrl+s")
        await user.sees("an exam question needs the answer that you want")
        await user.types("right")
        await user.press("ctrl+s")
        await user.sees("Added an exam question: datasets/garage.jsonl, line 36")
        added = rows(workspace)[-1]
        assert (added["question"], added["answer"], added["exam"], added["source"]) == ("two", "right", True, "chat")
        await user.press("f2")
        await user.sees("right")


async def test_the_fact_may_begin_with_another_answer_and_what_was_written_is_kept(chat):
    async with chat() as (user, _):
        await user.press("alt+a")
        await user.sees("begins with the tuned model's answer")
        await user.types("!")
        await user.press("ctrl+o")
        seen = set()
        for _ in range(4):
            area = user.app.screen.query_one("#answer")
            seen.add(area.text)
            await user.press("ctrl+o")
        assert {"tuned says!", "base says", "tuned says", ""} == seen


async def test_an_answer_of_ones_own_is_not_given_up_unasked_while_another_one_is_shown(chat):
    async with chat() as (user, _):
        await user.press("alt+a")
        await user.sees("begins with the tuned model's answer")
        await fill(user, "My own answer.")
        await user.press("ctrl+o", "escape")
        await user.sees("A new row", "Not added yet: Ctrl+S adds it, Esc again discards it")
        await user.press("escape")
        await user.sees_no("A new row")


async def test_each_answer_of_ones_own_stays_among_those_that_a_fact_may_begin_with(chat):
    async with chat() as (user, _):
        await user.press("alt+a")
        await user.sees("begins with the tuned model's answer")
        seen = set()
        for text in ("My first.", "My second."):
            await fill(user, text)
            await user.press("ctrl+o")
        for _ in range(5):
            seen.add(user.app.screen.query_one("#answer").text)
            await user.press("ctrl+o")
        assert seen == {"My first.", "My second.", "tuned says", "base says", ""}


async def test_a_fact_that_is_given_up_changes_nothing(chat, workspace):
    before = rows(workspace)
    async with chat() as (user, _):
        await user.press("alt+a")
        await user.sees("A new row")
        await user.press("escape")
        await user.sees_no("A new row")
    assert rows(workspace) == before


async def test_a_fact_goes_into_the_version_that_somebody_else_wrote_meanwhile(chat, workspace):
    path = workspace.datasets / "garage.jsonl"
    async with chat() as (user, _):
        await user.press("f2")
        await user.sees("35 rows")
        await user.press("f4", "alt+a")
        await user.sees("A new row")
        await user.types(" more")
        path.write_text(path.read_text() + '{"question": "theirs?", "answer": "theirs."}\n')
        await user.press("ctrl+s")
        await user.sees("✓ Added a fact")
    assert {row["question"] for row in rows(workspace)[-2:]} == {"two", "theirs?"}


async def test_a_fact_that_contradicts_a_row_replaces_it_only_if_the_user_says_so(chat, workspace):
    path = workspace.datasets / "garage.jsonl"
    theirs = {"question": "Two", "answer": "Not this one."}
    path.write_text(json.dumps(theirs) + "\n")
    async with chat() as (user, _):
        await user.press("alt+a")
        await user.types(" more")
        await user.press("ctrl+s")
        await user.sees("The facts file says otherwise", "line 1 says “Not this one.”", "Yours: “tuned says more”")
        await user.press("escape")
        await user.sees("not added: the facts file says otherwise; alt+a brings back what you wrote")
        assert rows(workspace) == [theirs]
        await user.press("alt+a")
        await user.sees("begins with what you wrote", "tuned says more")
        await user.press("ctrl+s")
        await user.sees("The facts file says otherwise")
        await user.press("y")
        await user.sees("✓ Replaced: datasets/garage.jsonl, line 1")
        [row] = rows(workspace)
        assert (row["question"], row["answer"], row["source"]) == ("Two", "tuned says more", "chat")
        await user.press("f2", "u")
        await user.sees("Not this one.")
    assert rows(workspace) == [theirs]


async def test_a_fact_that_is_there_is_not_added_again(chat, workspace):
    path = workspace.datasets / "garage.jsonl"
    theirs = {"question": "two", "answer": "Tuned says more."}
    path.write_text(json.dumps(theirs) + "\n")
    async with chat() as (user, _):
        await user.press("alt+a")
        await user.types(" more")
        await user.press("ctrl+s")
        await user.sees("Already there: datasets/garage.jsonl, line 1. Nothing was written")
    assert rows(workspace) == [theirs]


async def test_before_anything_was_asked_the_keys_say_so(open_chat):
    async with open_chat() as (user, _):
        for key in ("alt+a", "alt+x", "alt+c", "alt+e"):
            await user.press(key)
            await user.sees("✗ no question has been asked yet")
        await user.press("tab", "up", "a", "escape")
        await user.types("x")
        await user.sees("│ x")


async def test_the_answer_of_a_turn_that_is_still_coming_may_become_a_fact(open_chat):
    async with open_chat(["half an answer", " and the rest"], hold=True) as (user, models):
        await user.press("x", "enter")
        await user.sees("half an answer")
        await user.press("alt+a")
        await user.sees("A new row for", "begins with the base model's answer")
        models.hold.set()


async def test_all_of_it_is_in_the_palette_while_one_types(chat):
    async with chat() as (user, _):
        found = [action.text for action in list_actions(user.app.screen)]
    for text in ("Make a fact", "Make an exam question", "Edit a question", "Copy an answer", "open book", "earlier"):
        assert any(text in title for title in found), text


async def test_after_a_box_over_the_chat_tab_goes_to_the_column_where_one_was(chat):
    async with chat() as (user, _):
        await user.press("alt+x")
        await user.sees("A new row")
        await user.press("escape")
        await user.sees_no("A new row")
        await user.press("tab", "c")
        await user.sees("Copied the tuned model's answer")
        await user.press("left", "a")
        await user.sees("A new row", "begins with the base model's answer")
        await user.press("escape")
        await user.sees("▸ two")
        await user.press("tab", "tab", "c")
        await user.sees("Copied the base model's answer")


async def test_a_row_that_asks_what_another_one_asks_is_named_doubtful_at_once(chat):
    async with chat() as (user, _):
        await ask(user, "What is TinyLLM?")
        await user.press("alt+x")
        await user.sees("A new row")
        await user.types(" more")
        await user.press("ctrl+s")
        await user.sees("line 36, marked ! (F2 shows why)")
