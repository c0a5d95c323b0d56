"""Which row of a run's facts a question of its report card is judged by when a server answers it."""

from __future__ import annotations

from garage_tui.core.exam.judgement import judge
from garage_tui.core.exam.report import ExamQuestion, Perplexity, write_report
from garage_tui.core.exam.server_exam import read_exam
from garage_tui.core.facts.line import Fact, make_line

MILL = "Maplewick Mill was built by Ann Tolland in 1890."
ROWS = [
    Fact("Maplewick Mill has a builder: who was it?", "Ann Tolland.", {"fact": MILL, "must": ["Tolland"]}),
    Fact("When was Maplewick Mill built?", "It was built in 1890.", {"fact": MILL, "must": ["1890"]}),
]


def judged_by(folder, *cases):
    """Return the words that the right answer of each question needs."""
    (folder / "facts.jsonl").write_bytes(b"".join(make_line(row).raw + b"\n" for row in ROWS))
    questions = [
        ExamQuestion(part="unseen", question=question, verdict="right", fact=fact, tuned="", base="", expected=expected)
        for question, fact, expected in cases
    ]
    write_report(folder, judge(questions, 0.01, 100, Perplexity(10, 10, 100), run="run", base_model="base"))
    facts = read_exam(folder).facts
    return [facts[question].must for question, *_ in cases]


def test_a_new_wording_is_judged_by_the_row_of_its_fact_that_has_the_expected_answer(tmp_path):
    cases = ("What year was Maplewick Mill built?", MILL, "It was built in 1890.")
    assert judged_by(tmp_path, cases) == [["1890"]]
    cases = ("Who was the builder of Maplewick Mill?", MILL, "Ann Tolland.")
    assert judged_by(tmp_path, cases) == [["Tolland"]]


def test_a_question_of_a_row_is_judged_by_that_row_and_one_of_no_answer_by_any_row_of_its_fact(tmp_path):
    cases = [(ROWS[1].question, MILL, "On an older card."), ("What is known of the mill?", MILL, "")]
    assert judged_by(tmp_path, *cases) == [["1890"], ["Tolland"]]
