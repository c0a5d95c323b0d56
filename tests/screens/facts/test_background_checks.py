"""Problems that are found a moment after the file is shown."""

from __future__ import annotations

import json

import pytest

from tests.support.facts_files import CAT


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param("Who is Tom", "A cat.", id="without-its-mark"),
        pytest.param("I have a question: who is Tom?", "Tom is a cat.", id="with-words-around-it"),
    ],
)
async def test_an_exam_question_that_is_nearly_a_taught_one_is_a_problem(open_facts, question, answer):
    async with open_facts(CAT, json.dumps({"question": question, "answer": answer, "exam": True})) as user:
        await user.sees("1 exam · 1 problem", "! 2", "exam too alike" if answer == "A cat." else "1 question only")
        await user.press("down")
        await user.sees("! a near duplicate of line 1, which is taught, so it proves nothing")
        await user.press("f", "down", "enter")
        await user.sees("1 shown (rows with problems)")


async def test_rows_that_training_would_cut_are_named(open_facts, tiny_model):
    async with open_facts(
        CAT, json.dumps({"question": "Count!", "answer": "one two three " * 1000}), base_model=str(tiny_model)
    ) as user:
        await user.sees("1 problem")
        await user.press("end")
        await user.sees("and training takes 1024", "tokens of the answer are cut off")
        await user.press("f", "down", "enter")
        await user.sees("1 shown (rows with problems)")
        await user.press("d")
        await user.sees("ready to teach")
