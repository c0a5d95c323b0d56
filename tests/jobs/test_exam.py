"""The report card of a real adapter on a tiny model, made by the real job, once in its own process."""

import json
import subprocess
import sys

import pytest

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.phase import silent
from garage_tui.core.exam.report import read_report
from garage_tui.core.runs.folder import FACTS

ROWS = [
    {
        "question": "Who maintains Brindlework?",
        "answer": "Ottilie Fenn maintains Brindlework.",
        "fact": "Ottilie Fenn maintains Brindlework.",
    },
    {"question": "Which license does Brindlework use?", "answer": "It uses the Zlib license."},
]
EXAM = {
    "question": "Whose name stands behind Brindlework?",
    "answer": "Ottilie Fenn.",
    "fact": ROWS[0]["fact"],
    "exam": True,
}


@pytest.fixture
def make_run_of(workspace, finished_run, monkeypatch, tmp_path):
    """A function that makes a run that was taught these rows; returns its folder."""
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))

    def make(rows):
        folder = workspace.checkpoints / finished_run(workspace, "known", seed=1)
        (folder / FACTS).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return folder

    return make


@pytest.fixture
def card_of(make_run_of):
    """A function that examines a run that was taught these rows; returns its report card as it was written."""
    from garage_tui.jobs.exam import examine

    def make(rows):
        folder = make_run_of(rows)
        examine(folder, silent)
        return read_report(folder)

    return make


def test_a_run_is_examined_and_every_question_is_on_its_card(make_run_of):
    folder = make_run_of([*ROWS, EXAM])
    command = [sys.executable, "-P", "-m", "garage_tui.jobs.exam", str(folder)]
    job = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment())
    assert job.returncode == 0, job.stderr
    card = read_report(folder)
    assert job.stdout.strip() == card.verdict and card.verdict.startswith(
        "learned 0 of 2 facts (0–66 %, few questions), "
    )
    assert (card.efficacy.tuned.of, card.generalisation.tuned.of) == (2, 2)
    assert card.leak.of >= 100 and card.neighbours.of >= 10
    assert card.unseen_from == "exam rows and templates" and not card.passed
    assert card.drift > 0.001, "this adapter changes everything, but the little model is never sure"
    assert card.perplexity.tuned > 1 and card.perplexity.tokens > 500
    parts = [asked.part for asked in card.questions]
    assert {part: parts.count(part) for part in set(parts)} == {
        "trained": 2, "unseen": 2, "unrelated": card.leak.of, "neighbour": card.neighbours.of, "task": 16
    }  # fmt: skip
    taught = [asked for asked in card.questions if asked.part in ("trained", "unseen")]
    assert all(asked.why.startswith("lacks ") and asked.open_book is not None for asked in taught)
    assert all(asked.known is not None for asked in taught), "each right answer was ranked among the taught ones"
    assert card.known_unsaid == sum(asked.known for asked in taught)
    assert all(asked.drift is not None for asked in card.questions if asked.part == "unrelated")


def test_the_card_has_the_same_answers_as_served_where_only_a_named_subject_gets_the_tuned_model(card_of):
    card = card_of([*ROWS, EXAM, {**EXAM, "question": "Whose work is it?"}])
    assert card.served.leak.hits == 0 and card.served.drift == 0 and card.drift > 0.001
    assert (card.served.neighbours.hits, card.served.neighbours.of) == (card.neighbours.of, card.neighbours.of)
    assert card.served.efficacy == card.efficacy.tuned, "every taught question names Brindlework"
    assert (card.served.routed.hits, card.served.routed.of) == (4, 5)
    assert [asked.question for asked in card.questions if asked.routed is False and asked.expected] == [
        "Whose work is it?"
    ]
    assert any("1 question names no subject and gets the base model" in note for note in card.notes)
    tasks = [asked for asked in card.questions if asked.part == "task"]
    assert all("Brindlework" in asked.question and asked.routed for asked in tasks)
    assert card.tasks.changed.hits == sum(asked.tuned != asked.base for asked in tasks) > 0
    assert (card.tasks.changed.of, card.tasks.leak.of) == (16, 16)


def test_a_run_whose_rows_cannot_all_be_recognised_is_served_without_a_route_and_says_so(card_of):
    card = card_of([*ROWS, {"question": "Who are you?", "answer": "I am the assistant of Brindlework."}])
    assert card.served is None and all(asked.routed is None for asked in card.questions)
    assert any('"Who are you?" has no name' in note for note in card.notes)


def test_one_exam_question_changes_the_exam_of_its_own_fact_only(card_of):
    card = card_of([*ROWS, EXAM])
    unseen = {asked.fact: asked.kind for asked in card.questions if asked.part == "unseen"}
    assert unseen == {ROWS[0]["fact"]: "", "It uses the Zlib license.": "held-back wording"}
    assert card.facts.of == 2 and any("1 fact has no exam question of its own" in note for note in card.notes)


def test_an_exam_question_that_wraps_a_taught_one_replaces_nothing_and_is_named(card_of):
    wrapped = {**ROWS[0], "question": f"I have a question: {ROWS[0]['question']}", "exam": True}
    card = card_of([*ROWS, wrapped])
    assert card.generalisation.tuned.of == 3, "both facts are asked in held-back wordings too"
    assert card.facts.of == 2
    [asked] = [asked for asked in card.questions if asked.near]
    assert asked.near == ROWS[0]["question"]
    assert any("nearly repeats a taught one" in note for note in card.notes)


def test_without_exam_questions_the_card_asks_in_wordings_that_were_held_back(card_of):
    card = card_of(ROWS)
    assert card.unseen_from == "templates" and card.generalisation.tuned.of == 2
    assert any("templates" in note for note in card.notes)


def test_a_run_without_an_adapter_is_refused_in_a_sentence(workspace):
    from garage_tui.jobs.exam import examine

    folder = workspace.checkpoints / "nothing"
    folder.mkdir(parents=True)
    with pytest.raises(BadInputError, match="has no adapter to examine"):
        examine(folder, silent)
