"""What else can be done with a row: another editor, its tokens, suggestions."""

from __future__ import annotations

import contextlib
import json

from tests.support.facts_files import CAT


async def test_an_editor_that_cannot_be_started_or_fails_gives_the_screen_back(open_facts, monkeypatch):
    async with open_facts(CAT) as user:
        events: list[str] = []

        @contextlib.contextmanager
        def suspend():  # as Textual does it: an exception inside skips the way back
            yield
            events.append("back")

        monkeypatch.setattr(user.app, "suspend", suspend)
        monkeypatch.setenv("VISUAL", "/nowhere/ed")
        await user.sees("1 row ")
        await user.press("E")
        await user.sees("/nowhere/ed cannot be started", "set EDITOR to another editor")
        monkeypatch.setenv("VISUAL", "false")
        await user.press("W")
        await user.sees("false ended with an error (1); nothing was changed")
        assert events == ["back", "back"]


async def test_a_row_is_seen_as_the_model_will_see_it(open_facts, tiny_model, workspace):
    async with open_facts(
        CAT, '{"question": "Is Tom a cat?", "answer": "Yes.", "exam": true}', base_model=str(tiny_model)
    ) as user:
        await user.press("v")
        await user.sees("What tiny sees", "of them learned", "<|im_start|>|", "⏎", "<|im_end|>")
        assert user.screen.count("<|im_end|>") == 3, "the system prompt, the question, the answer"
        await user.press("escape", "end", "v")
        await user.sees("An exam question: none of it is learned")


async def test_suggested_questions_are_accepted_edited_and_refused_one_by_one(open_facts, file):
    async with open_facts(
        '{"question": "Who maintains TinyLLM?", "answer": "Jason Cox maintains TinyLLM.", "must": ["Cox"]}', CAT
    ) as user:
        await user.press("s")
        await user.sees("Other questions for this fact", "template: Who is the maintainer of TinyLLM?")
        await user.press("space", "n", "e")
        await user.press(*["backspace"] * 90)
        await user.types("Is Paris fine?")
        await user.press("enter")
        await user.sees("does not name TinyLLM: Enter again marks it anyway")
        await user.press(*["backspace"] * 20)
        await user.types("Who looks after TinyLLM?")
        await user.press("enter")
        await user.sees("you: Who looks after TinyLLM?")
        assert len(file.read_text().splitlines()) == 2, "nothing is written unseen"
        await user.press("escape")
        await user.sees("What you wrote is not added yet: Enter adds it")
        await user.press("enter")
        await user.sees("4 rows", "Added 2 questions")
        await user.press("u")
        await user.sees("2 rows")
        await user.press("U")
        await user.sees("4 rows")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["question"] for row in rows] == [
        "Who maintains TinyLLM?",
        "Who is the maintainer of TinyLLM?",
        "Who looks after TinyLLM?",
        "Who is Tom?",
    ]
    assert rows[1]["must"] == ["Cox"] and rows[1]["fact"] == rows[0]["answer"]


async def test_escape_in_the_suggestions_adds_nothing_and_enter_adds_the_chosen_one(open_facts, file):
    row = '{"question": "Who maintains TinyLLM?", "answer": "Jason Cox maintains TinyLLM."}'
    async with open_facts(row, size=(80, 24)) as user:
        await user.press("s")
        await user.sees("Other questions for this fact", "template: Who is the maintainer of TinyLLM?")
        await user.press("space", "escape")
        await user.sees_no("Other questions for this fact")
        assert file.read_text() == row + "\n"
        await user.press("s", "enter")
        await user.sees("2 rows", "Added 1 question")
    assert "Who is the maintainer of TinyLLM?" in file.read_text()


async def test_wordings_of_an_answer_go_to_the_rows_that_repeat_it(open_facts, file):
    row = '{{"question": "{}", "answer": "Tom is a cat.", "fact": "A cat is what Tom is."}}'
    async with open_facts(row.format("Who is Tom?"), row.format("What is Tom?"), CAT.replace("Tom", "Rex")) as user:
        await user.press("S")
        await user.sees("Other wordings of this answer", "A cat is what Tom is.", "the fact")
        await user.press("y", "e")
        await user.press("escape", "enter")
        await user.sees("Reworded 1 answer")
        await user.press("u")
        await user.sees("Undone: rewording 1 answer")
        await user.press("U")
        await user.sees("Redone")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["answer"] for row in rows][:2] == ["Tom is a cat.", "A cat is what Tom is."]
