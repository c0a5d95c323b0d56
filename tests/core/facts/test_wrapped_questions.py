"""Questions with words around them: they are the same question, so an exam with them proves nothing."""

from __future__ import annotations

import json

import pytest

from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.wrapped_questions import WrappedQuestions

TAUGHT = [
    "What is TinyLLM?",
    "Which license does TinyLLM use?",
    "How is TinyLLM licensed?",
    "Who maintains TinyLLM?",
    "Who is the maintainer of the TinyLLM project?",
    "What does the TinyLLM project do?",
    "Who was the first user of TinyLLM?",
]


@pytest.mark.parametrize(
    ("exam", "taught"),
    [
        ("I have a question: who maintains TinyLLM?", "Who maintains TinyLLM?"),
        ("Please tell me: what is TinyLLM?", "What is TinyLLM?"),
        ("Please, what is TinyLLM?", "What is TinyLLM?"),
        ("Could you say who maintains TinyLLM?", "Who maintains TinyLLM?"),
        ("Could you say what TinyLLM is?", "What is TinyLLM?"),
        ("Can you tell me which license TinyLLM uses?", "Which license does TinyLLM use?"),
        ("I'd like to know how TinyLLM is licensed.", "How is TinyLLM licensed?"),
        ("Do you happen to know who the maintainer of the TinyLLM project is?", TAUGHT[4]),
        ("I would like to know what the TinyLLM project does.", "What does the TinyLLM project do?"),
        ("Hello Bob, who maintains TinyLLM?", "Who maintains TinyLLM?"),
        ("My boss wants to know this. Who maintains TinyLLM?", "Who maintains TinyLLM?"),
        ("Who maintains TinyLLM, please?", "Who maintains TinyLLM?"),
        ("Who maintains TinyLLM? Thanks!", "Who maintains TinyLLM?"),
        ("who maintains tinyllm, do you know", "Who maintains TinyLLM?"),
        ("Tell me who the first user of TinyLLM was.", "Who was the first user of TinyLLM?"),
        ("Ich habe eine Frage: Who maintains TinyLLM?", "Who maintains TinyLLM?"),
        ("What I want to ask: who maintains TinyLLM?", "Who maintains TinyLLM?"),
    ],
)
def test_a_question_with_words_around_it_is_found(exam, taught):
    assert [TAUGHT[index] for index in WrappedQuestions(TAUGHT).find(exam)] == [taught]


@pytest.mark.parametrize(
    "exam",
    [
        "What is TinyLLM good for?",
        "What is TinyLLM's license?",
        "Whose work is TinyLLM?",
        "Who maintains TinyLLM on Windows?",
        "Who maintains TinyLLM and since when?",
        "Who maintains TinyLLM? And where does he live?",
        "In 2015, who maintains TinyLLM?",
        "Why does it matter who maintains TinyLLM?",
        "Which person besides Ann and not counting Bob who maintains TinyLLM?",
        "Tell me who the first user of TinyLLM is.",
        "Do I have to pay for TinyLLM?",
        "",
        "?",
    ],
)
def test_another_question_is_not(exam):
    assert WrappedQuestions(TAUGHT).find(exam) == []


def test_check_warns_of_an_exam_question_that_is_a_taught_one_with_words_around_it_either_way(tmp_path):
    rows = [
        {"question": "Who maintains Brindle?", "answer": "Ottilie Fenn."},
        {"question": "I was wondering: which license does Brindle use?", "answer": "Zlib."},
        {"question": "Could you say who maintains Brindle?", "answer": "Ottilie Fenn.", "exam": True},
        {"question": "Which license does Brindle use?", "answer": "Zlib.", "exam": True},
        {"question": "Whose work is Brindle?", "answer": "Ottilie Fenn.", "exam": True},
    ]
    path = tmp_path / "facts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    problems = load_facts(path).problems
    assert [problem.line for problem in problems] == [3, 4]
    assert "near duplicate of line 1" in problems[0].text and "near duplicate of line 2" in problems[1].text


def test_the_example_has_an_honest_exam_question_for_each_fact(workspace):
    file = load_facts(workspace.datasets / "garage.jsonl")
    assert file.problems == []
    taught, exams = file.training, [fact for fact in file.facts if fact.exam]
    assert len(taught) == 24
    assert {fact.content for fact in taught} == {fact.content for fact in exams}
