"""What the teach form and the commands say about a facts file: rows, facts, exam questions, rows without a question."""

from __future__ import annotations

import json

from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.row_counts import count_rows


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load_facts(path)


def test_rows_of_one_fact_are_counted_once_and_rows_without_a_question_are_named(tmp_path):
    file = write(
        tmp_path / "a.jsonl",
        {"question": "Who runs it?", "answer": "Ottoline."},
        {"question": "Who is in charge?", "answer": "ottoline."},
        {"question": "When is it open?", "answer": "On Mondays.", "fact": "It is open on Mondays."},
        {"question": "Which day?", "answer": "Monday.", "fact": "It is open on Mondays."},
        {"question": "Who is it run by?", "answer": "Ottoline.", "exam": True},
        {"fact": "The door is red."},
        {"fact": "The keys hang behind the bar."},
        {"fact": "The cat is called Ink."},
    )
    assert count_rows(file).sentences == [
        "4 rows teach 2 facts; 1 exam question for the report card.",
        "3 rows have no question yet and are left out: “The door is red.”, “The keys hang behind the bar.” and 1 more.",
    ]


def test_a_fact_that_only_exam_questions_ask_for_is_named(tmp_path):
    file = write(
        tmp_path / "a.jsonl",
        {"question": "Who runs it?", "answer": "Ottoline."},
        {"question": "Which colour has the flag?", "answer": "Teal.", "exam": True},
        {"question": "What is the flag's colour?", "answer": "Teal.", "exam": True},
    )
    assert count_rows(file).sentences == [
        "1 row teaches 1 fact; 2 exam questions for the report card.",
        "1 fact stands in exam questions only, so no run learns it: “Teal.”; add a row that teaches it, or give its "
        'exam question the "fact" of a taught row.',
    ]


def test_several_facts_that_only_exam_questions_ask_for_are_named(tmp_path):
    file = write(
        tmp_path / "a.jsonl",
        {"question": "Who runs it?", "answer": "Ottoline."},
        {"question": "Which colour has the flag?", "answer": "Teal.", "exam": True},
        {"question": "Where is the key?", "answer": "In the barn.", "exam": True},
    )
    assert count_rows(file).only_asked == (
        "2 facts stand in exam questions only, so no run learns them: “Teal.”, “In the barn.”; add rows that teach "
        'them, or give their exam questions the "fact" of a taught row.'
    )


def test_one_row_is_counted_as_one(tmp_path):
    file = write(tmp_path / "a.jsonl", {"question": "Who?", "answer": "Ottoline."}, {"fact": "The door is red."})
    assert count_rows(file).sentences == [
        "1 row teaches 1 fact.",
        "1 row has no question yet and is left out: “The door is red.”.",
    ]
