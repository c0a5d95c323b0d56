"""An index of rows: it finds what a comparison with every row finds, and is made once for a batch."""

from __future__ import annotations

import pytest

from garage_tui.core.base.workspace import Workspace
from garage_tui.core.facts import wrapped_questions
from garage_tui.core.facts.line import Fact, make_line
from garage_tui.core.facts.near_duplicates import GrowingRepeats, RepeatedQuestions
from garage_tui.core.proposals.acceptance import accept
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.school.fact_change import plan_change
from garage_tui.core.school.fact_input import FactInput
from garage_tui.core.school.row_index import RowIndex

TAUGHT = (
    "Who feeds Tuppence?", "Please tell me: who feeds Tuppence?", "Who feeds Tuppence, the dog of Pinder Lodge?",
    "Who feeds Rex?",
    "What is the price of the Brindle app?", "What's the price of the Brindle app, please?", "Why?",
    "Who fed Tuppence?",
)  # fmt: skip


@pytest.mark.parametrize(
    "exam", [*TAUGHT, "Hello, who feeds Tuppence? Thanks!", "Who feeds it?", "", "Price of the Brindle app?"]
)
def test_repeats_that_grow_are_those_of_an_index_made_at_once(exam):
    growing = GrowingRepeats()
    for question in TAUGHT:
        growing.add(question)
    assert growing.find(exam) == RepeatedQuestions(TAUGHT, [exam]).find(exam)


def test_lines_that_are_cut_off_are_found_no_more():
    lines = [make_line(Fact(question, "Marrit.", {"fact": question})) for question in TAUGHT]
    index = RowIndex(lines[:3])
    for line in lines[3:]:
        index.add(line)
    assert index.repeating("Who feeds Rex?") == [lines[3]] and index.number(lines[3]) == 4
    index.cut(3)
    assert index.repeating("Who feeds Rex?") == [] and index.lines == lines[:3]
    index.add(lines[4])
    assert index.number(lines[4]) == 4 and index.repeating(TAUGHT[4]) == [lines[4]]


@pytest.mark.parametrize(
    ("question", "answer", "outcome"),
    [("Who feeds Tuppence?", "Marrit.", "already there"), ("Who feeds Tuppence?", "Ottoline.", "contradicts"),
     ("Who feeds the dog Tuppence?", "Ottoline.", "contradicts"), ("Who feeds Max?", "Marrit.", "added")],
)  # fmt: skip
def test_an_index_says_of_a_fact_what_its_lines_say(question, answer, outcome):
    lines = [make_line(Fact(one, "Marrit.", {"fact": "Marrit feeds them all."})) for one in TAUGHT]
    fact = FactInput(answer, question)
    change = plan_change(RowIndex(lines), fact, {})
    assert change == plan_change(lines, fact, {}) and change.outcome == outcome


def test_a_batch_reads_each_row_of_the_file_once_and_not_once_for_each_question(tmp_path, monkeypatch):
    (tmp_path / "datasets").mkdir()
    facts = tmp_path / "datasets" / "garage.jsonl"
    rows = [make_line(Fact(f"When was the Vexley{n} Mill opened?", f"In {1500 + n}.")).raw for n in range(300)]
    facts.write_bytes(b"\n".join(rows) + b"\n")
    read, tokens = [], wrapped_questions._tokens
    monkeypatch.setattr(wrapped_questions, "_tokens", lambda text: read.append(text) or tokens(text))
    done = accept(Workspace(tmp_path), facts, [_proposal(number) for number in range(10)])
    assert (len(done.accepted), done.rows) == (10, 30)
    old = [text for text in read if "Vexley" in text]
    assert len(old) <= 2 * len(rows), "ten proposals with three questions read each row thirty times before"


def _proposal(number):
    name = f"Orrin{number} Bridge"
    return Proposal(
        id=f"p{number}",
        document="manual.txt",
        sha256="0" * 64,
        page=0,
        start=number,
        end=number + 1,
        heading="",
        quote=f"Ann Dow built the {name}.",
        statement=f"Ann Dow built the {name}.",
        questions=(f"Who built the {name}?", f"By whom was the {name} put up?"),
        exam_question=f"What is the name of the builder of the {name}?",
        answer=f"Ann Dow built the {name}.",
        writer="rules",
    )
