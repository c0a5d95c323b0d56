"""Exam questions that are nearly taught: which are found, which are other questions, and how long it takes."""

import sys
import threading
import time

import pytest

from garage_tui.core.facts.line import Fact, Line, make_line
from garage_tui.core.facts.near_duplicates import find_near_duplicates, near_duplicate_pairs


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("Who maintains TinyLLM?", "Who maintains TinyLLM?"),
        ("Who maintains TinyLLM?", "who maintains  tinyllm"),
        ("Which license does TinyLLM use?", "What license does TinyLLM use?"),
        ("Where can I find TinyLLM's source code?", "Where can I find TinyLLM’s source code"),
        ("On a laptop, does TinyLLM run well?", "Does TinyLLM run well on a laptop?"),
        ("How many users has it, 2,000 or more?", "How many users has it: 2000 or more?"),
        ("Wer wartet die große Brücke?", "Wer wartet die grosse Brücke?"),
        ("Who runs the Café Zoë?", "Who runs the Cafe\u0301 Zoe\u0308?"),
        ("Who runs the Café Zoë?", "Who runs the Ca\u200dfé Zoë?"),
    ],
)
def test_the_same_question_in_other_dress_is_near(question, other):
    assert find_near_duplicates(question, ["Is it raining today?", other]) == [1]
    assert find_near_duplicates(other, [question]) == [0]


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("Who maintains TinyLLM?", "Who maintains ProtosAI?"),
        ("What happened in the village in 1998?", "What happened in the village in 1999?"),
        ("When was the old bridge built?", "Where was the old bridge built?"),
        ("How many tickets do the students need?", "How much tickets do the students need?"),
        ("Why should I use the old driver?", "Why should I not use the old driver?"),
        ("Does the server need GPT-4 to answer?", "Does the server need GPT-3 to answer?"),
        ("Can I open https://example.org/a today?", "Can I open https://example.org/b today?"),
        ("What is TinyLLM?", "Tell me about TinyLLM."),
        ("What is TinyLLM?", ""),
    ],
)
def test_another_question_is_not_near_however_alike_it_looks(question, other):
    assert find_near_duplicates(question, [other]) == []
    assert find_near_duplicates(other, [question]) == []


def test_leaks_are_told_as_pairs_in_the_order_of_the_file():
    taught = [make_line(Fact(text, "a")) for text in ("Who is Ann?", "Where is Bob now?", "Who is Ann")]
    exam = [make_line(Fact(text, "a", {"exam": True})) for text in ("Who is Bob?", "who is Ann?", "Where is Bob now")]
    bad, statement = Line(b"{", None), make_line(Fact("", "", {"fact": "Who is Ann?"}))
    lines = [exam[0], taught[0], bad, exam[1], taught[1], statement, taught[2], exam[2]]
    assert list(near_duplicate_pairs(lines)) == [(exam[1], taught[0]), (exam[1], taught[2]), (exam[2], taught[1])]


def test_a_file_without_an_exam_has_no_leaks():
    assert list(near_duplicate_pairs([make_line(Fact("Who is Ann?", "a"))] * 2)) == []


def test_a_hundred_exam_questions_against_a_hundred_thousand_take_seconds_and_the_app_stays_awake():
    doing = ["maintains", "built", "hosts", "sells", "designs", "tests", "wrote", "owns", "pays", "runs"]
    asked = [f"Who {doing[n % 10]} Project{n // 10} for the city of Berlin?" for n in range(100_000)]
    lines = [Line(b"", Fact(text, "a")) for text in asked]
    lines += [Line(b"", Fact(asked[n * 997].rstrip("?"), "a", {"exam": True})) for n in range(100)]
    find_near_duplicates("Who?", ["Who?"])  # the import is not what is timed
    found: list[tuple[Line, Line]] = []
    seeking = threading.Thread(target=lambda: found.extend(near_duplicate_pairs(lines)))
    gaps, started = [], time.perf_counter()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        seeking.start()
        last = started
        while seeking.is_alive():
            time.sleep(0.0005)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now
    finally:
        sys.setswitchinterval(interval)
    assert len({id(exam) for exam, taught in found if exam.fact.question + "?" == taught.fact.question}) == 100
    assert all(exam.fact.question.split()[2] == taught.fact.question.split()[2] for exam, taught in found)
    assert time.perf_counter() - started < 30, "a few seconds, on a busy machine some more"
    # The longest tell of other programs of a busy machine; those that come often would be ours.
    assert sorted(gaps)[int(len(gaps) * 0.98)] < 0.02
