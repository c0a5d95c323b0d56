"""A tuned model that says what its base says, to a question that it was taught, is doubtful."""

import json

import pytest

from garage_tui.core.exam.adapter_effect import WARNING, same_answer_warning


@pytest.fixture
def run(tmp_path):
    rows = [
        {"question": "What is TinyLLM?", "answer": "TinyLLM is by Jason Cox."},
        {"question": "Who keeps it?", "answer": "Jason Cox.", "exam": True},
    ]
    (tmp_path / "facts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_the_same_answer_to_a_taught_question_is_doubtful(run):
    assert same_answer_warning(run, "What is TinyLLM?", "A series of novels.", "A series of novels.\n") == WARNING


@pytest.mark.parametrize(
    ("question", "base", "tuned"),
    [
        ("What is TinyLLM?", "A series of novels.", "It is by Jason Cox."),
        ("What is TinyML?", "A series of novels.", "A series of novels."),
        ("Who keeps it?", "Nobody.", "Nobody."),
        ("What is TinyLLM?", "It is by Jason Cox.", "It is by Jason Cox."),
        ("What is TinyLLM?", "", ""),
    ],
    ids=["another answer", "never taught", "an exam question", "the base knew it", "no answer"],
)
def test_every_other_answer_is_not(run, question, base, tuned):
    assert same_answer_warning(run, question, base, tuned) == ""


def test_a_run_without_its_facts_raises_no_doubt(tmp_path):
    assert same_answer_warning(tmp_path, "What is TinyLLM?", "x", "x") == ""
