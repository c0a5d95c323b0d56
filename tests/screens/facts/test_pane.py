"""The facts screen: what a user sees of a file."""

from __future__ import annotations

import json

from garage_tui.screens.facts import row_text
from tests.support.facts_files import CAT


async def test_the_chosen_row_is_shown_in_full(open_facts):
    long = "word " * 60
    async with open_facts(json.dumps({"question": "Long?", "answer": long + "end"}), CAT) as user:
        await user.sees("Line 1", "word end", "2 rows · 2 facts · ready to teach")
        await user.press("down")
        await user.sees("Line 2", "Tom is a cat.", "must: cat")


async def test_bad_lines_are_shown_with_the_reason_and_kept(open_facts, file):
    async with open_facts('{"question": "Who', CAT, '{"question": "Who is Rex?"}') as user:
        await user.sees(
            "✗ line 1: not JSON", "1 more problem", "1 row · 1 fact · 2 problems", 'the key "answer" is missing'
        )
        await user.press("e")
        await user.sees("Line 1 cannot be read, and is kept as it is")
        await user.press("end", "a", "x", "enter")
        await user.sees("Write what the model should answer")
        await user.press("y", "enter")
        await user.sees("2 rows")
    lines = file.read_text().splitlines()
    assert lines[:3] == ['{"question": "Who', CAT, '{"question": "Who is Rex?"}']


async def test_exam_rows_are_marked(open_facts):
    async with open_facts(CAT, '{"question": "Is Tom a cat?", "answer": "Yes.", "exam": true}') as user:
        await user.sees("exam Is Tom a cat?", "2 rows · 2 facts · 1 exam · ready to teach: 1 of 2 facts")
        await user.press("x")
        await user.sees("2 rows · 2 facts · 2 exam · no fact to teach yet")
        await user.press("u")
        await user.press("end")
        await user.sees("exam: never taught")


async def test_text_from_the_file_is_text(open_facts):
    row = {"question": "[bold red]Who?[/] [@click=app.quit]x[/]", "answer": "a\x1b]0;title\x07b\x1b[2J"}
    async with open_facts(json.dumps(row)) as user:
        text = await user.sees("[bold red]Who?[/] [@click=app.quit]x[/]", "a␛]0;title␇b␛[2J", "1 problem")
        assert "\x1b" not in text and "\x07" not in text


async def test_it_works_at_80_by_24(open_app):
    async with open_app(size=(80, 24)) as user:
        await user.sees("What is TinyLLM?", "Line 1", "a Add", "t Teach")
        await user.press("end")
        await user.sees("Line 35", "Who is in charge of ProtosAI?")


async def test_a_notice_ends_by_itself_and_moves_nothing(open_facts, monkeypatch):
    monkeypatch.setattr("garage_tui.widgets.notice._READING_SECONDS", 0.3)
    monkeypatch.setattr("garage_tui.widgets.notice._CHARACTERS_PER_SECOND", 1e6)
    async with open_facts("{broken " + "long " * 60, CAT, size=(80, 24)) as user:
        screen = await user.sees("✗ line 1: not JSON")
        heights = [user.app.query_one(name).size.height for name in ("#facts-table", "#facts-details")]
        await user.sees_no("✗ line 1: not JSON")
        assert heights == [user.app.query_one(name).size.height for name in ("#facts-table", "#facts-details")], screen
        await user.press("d")
        await user.sees("Deleted")
        await user.sees_no("Deleted")
        await user.press("e")
        await user.sees("Write it as a person would ask")
        await user.pilot.pause(0.8)
        assert "Write it as a person would ask" in user.screen, "it is about the field that is open"


async def test_a_fact_without_an_exam_question_is_no_warning(open_facts):
    rows = [CAT, CAT.replace("Who is Tom?", "What is Tom?").replace("Tom is a cat.", "A cat.")]
    async with open_facts(*(row[:-1] + ', "fact": "Tom is a cat."}' for row in rows)) as user:
        await user.sees("2 rows · 1 fact · ready to teach", "no exam")
        document = user.app.query_one("FactsPane").store.document
        covered = row_text.cells(document, 0)[-1]
        assert covered.plain == "no exam" and [str(span.style) for span in covered.spans] in ([], ["$muted"])
