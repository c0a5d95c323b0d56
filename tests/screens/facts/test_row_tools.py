"""What else can be done with a row: another editor, its tokens, suggestions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable

import pytest

from tests.support.facts_files import CAT

DOG = '{"question": "Is Rex a dog?", "answer": "Yes, Rex is one."}'


async def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


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


@pytest.fixture
def use_editor(monkeypatch, tmp_path):
    """Makes a shell script the editor, which finds the file as `$1`; and the terminal of the test can be lent."""

    def use(user, script: str) -> None:
        @contextlib.contextmanager
        def suspend():
            yield

        monkeypatch.setattr(user.app, "suspend", suspend)
        program = tmp_path / "editor"
        program.write_text(f'#!/bin/sh\nfor last; do :; done\nset -- "$last"\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("VISUAL", str(program))

    return use


async def test_a_file_that_a_failing_editor_has_written_is_read_and_the_failure_is_still_said(open_facts, use_editor):
    async with open_facts(DOG) as user:
        use_editor(user, f"echo '{CAT}' >> \"$1\"; exit 3")
        await user.press("W")
        await user.sees("2 rows", "ended with an error (3), but the file was changed · u takes that back")
        await user.press("u")
        await user.sees("1 row ")


@pytest.mark.parametrize("script", [': > "$1"', 'echo broken > "$1"', ': > "$1"; exit 3', 'echo "[1]" > "$1"'])
async def test_undo_takes_back_whatever_an_editor_did_to_the_whole_file(open_facts, file, use_editor, script):
    async with open_facts(CAT, DOG) as user:
        before = file.read_text()
        await user.sees("2 rows ")
        use_editor(user, script)
        await user.press("W")
        await user.sees("u takes that back")
        assert file.read_text() != before
        await user.press("u")
        await user.sees("2 rows ")
        await wait_until(lambda: file.read_text() == before)


async def test_a_file_that_an_editor_took_away_is_written_again(open_facts, file, use_editor):
    async with open_facts(CAT, DOG) as user:
        before = file.read_text()
        await user.sees("2 rows ")
        use_editor(user, 'rm "$1"')
        await user.press("W")
        await user.sees("is gone: its rows are still here, and ^s writes them again")
        await user.press("ctrl+s")
        await wait_until(lambda: file.exists() and file.read_text() == before)


async def test_a_row_that_comes_back_empty_is_kept(open_facts, file, use_editor):
    async with open_facts(CAT) as user:
        await user.sees("1 row ")
        use_editor(user, ': > "$1"')
        await user.press("E")
        await user.sees("Not saved: the edited row is empty (d deletes a row)")
        use_editor(user, 'grep -q Tom "$1" || echo gone > "$1"')
        await user.press("E")
        await user.sees("Nothing was changed")


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
