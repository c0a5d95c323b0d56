"""The statuses of facts on their screen: in the table where there is room, in the panel with words, always as it is."""

from __future__ import annotations

import json

import pytest

from garage_tui.core.facts.filter import FACT_STATES
from garage_tui.core.runs.promotion import go_back, promote
from garage_tui.core.school.ledger import STATUSES
from tests.support.facts_files import write
from tests.support.run_folders import taught_run

RUN = "20261123-2310-lora-a"
REX = {"question": "Who is Rex?", "answer": "Rex is a big dog."}
TOM = {"question": "Who is Tom?", "answer": "Tom is a grey cat."}
BO = {"question": "Who is Bo?", "answer": "Bo is a small bird."}
ROWS = [json.dumps(row) for row in (REX, TOM, BO)]


@pytest.fixture
def run(workspace):
    """A run that has learned one of two facts, in service."""
    run = taught_run(workspace, RUN, [{**REX, "says": REX["answer"]}, {**TOM, "says": "A dog."}])
    promote(workspace, run)
    return run


async def test_a_wide_table_says_sign_and_word_and_the_panel_says_why(open_facts, run):
    async with open_facts(*ROWS) as user:
        await user.sees("Status", "✓ learned", "✗ failed", "○ in the book")
        await user.sees(f"✓ learned by {RUN}, 1 of 1 question right, examined")
        await user.press("down")
        await user.sees("asked “Who is Tom?” it says “A dog.”")
        await user.press("down")
        text = await user.sees("Line 3")
        assert text.count("○ in the book") == 2


async def test_a_narrow_table_has_the_sign_and_a_very_narrow_one_leaves_it_to_the_panel(open_facts, run):
    async with open_facts(*ROWS, size=(80, 24)) as user:
        text = await user.sees("✓ learned by")
        assert [line.rstrip(" │▇▅")[-1] for line in text.splitlines() if "Who is" in line][:3] == ["✓", "✗", "○"]
    async with open_facts(*ROWS, size=(60, 20)) as user:
        text = await user.sees("✓ learned by")
        assert "✗" not in text


async def test_before_anything_was_taught_the_table_has_no_column_for_it(open_facts):
    async with open_facts(*ROWS) as user:
        text = await user.sees("○ in the book")
        assert text.count("in the book") == 1 and "Status" not in text


async def test_going_back_and_a_new_card_are_seen(open_facts, workspace, run):
    async with open_facts(*ROWS) as user:
        await user.sees("✓ learned by")
        go_back(workspace)
        await user.sees_no("✓ learned")
        await user.sees("✗ failed")  # of Tom: no card says better
        taught_run(workspace, "20261124-0100-lora-b", [{**TOM, "says": TOM["answer"]}])
        await user.sees_no("✗ failed")


async def test_a_changed_answer_is_not_learned_any_more(open_facts, run, file):
    async with open_facts(*ROWS) as user:
        await user.sees("✓ learned by")
        write(file, json.dumps({**REX, "answer": "Rex is a wolf now."}), *ROWS[1:])
        await user.sees("Rex is a wolf now.")
        await user.sees_no("✓ learned")


async def test_a_fact_that_waits_says_what_for(open_facts):
    async with open_facts(ROWS[0], json.dumps({**REX, "answer": "Rex is a cat."})) as user:
        await user.sees("! waiting: it contradicts line 2: say which is right")


async def test_the_help_explains_the_signs(open_facts):
    async with open_facts(*ROWS) as user:
        await user.press("f1", *["down"] * 60)
        await user.sees("✓ learned: the model", "○ in the book: not", "! waiting: it cannot", "✗ failed: the")


async def test_writing_goes_on_while_the_statuses_come(open_facts, workspace):
    async with open_facts(*ROWS) as user:
        await user.sees("○ in the book")
        await user.press("a")
        await user.types("Who is Al")
        promote(workspace, taught_run(workspace, RUN, [{**REX, "says": REX["answer"]}]))
        await user.sees("✓ learned")
        await user.types("?")
        await user.sees("Who is Al?")


async def test_rows_are_shown_by_what_became_of_their_facts(open_facts, workspace, run):
    async with open_facts(*ROWS, size=(80, 24)) as user:
        await user.sees("✓ learned by")
        await user.press("f")
        await user.sees("Show", "Learned facts", "Facts that wait", "Facts that failed")
        await user.press("up", "up", "up", "enter")  # from the first to the last, and further
        await user.sees("Who is Bo?", "1 shown (facts in the book)")
        go_back(workspace)
        await user.sees("Who is Rex?", "2 shown (facts in the book)")
        assert "Who is Tom?" not in user.screen
        await user.press("escape")
        await user.sees("Who is Tom?")


def test_the_filter_has_every_status_that_a_fact_of_the_file_can_have():
    assert set(FACT_STATES) == set(STATUSES) - {"superseded", "removed"}
