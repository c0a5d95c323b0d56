"""The report card of a real adapter on a tiny model, made by the real job."""

import json
import subprocess
import sys

import pytest

from garage_tui.core.base.child_environment import environment
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
def examined(workspace, finished_run, monkeypatch, tmp_path):
    """A function that writes a run's facts and examines it: rows → (folder, finished process)."""
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))

    def make(rows):
        folder = workspace.checkpoints / finished_run(workspace, "known", seed=1)
        (folder / FACTS).write_text("".join(json.dumps(row) + "\n" for row in rows))
        command = [sys.executable, "-P", "-m", "garage_tui.jobs.exam", str(folder)]
        return folder, subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment())

    return make


def test_a_run_is_examined_and_every_question_is_on_its_card(examined):
    folder, job = examined([*ROWS, EXAM])
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
        "trained": 2, "unseen": 2, "unrelated": card.leak.of, "neighbour": card.neighbours.of
    }  # fmt: skip
    taught = [asked for asked in card.questions if asked.part in ("trained", "unseen")]
    assert all(asked.why.startswith("lacks ") and asked.open_book is not None for asked in taught)
    assert all(asked.known is not None for asked in taught), "each right answer was ranked among the taught ones"
    assert card.known_unsaid == sum(asked.known for asked in taught)
    assert all(asked.drift is not None for asked in card.questions if asked.part == "unrelated")


def test_one_exam_question_changes_the_exam_of_its_own_fact_only(examined):
    folder, job = examined([*ROWS, EXAM])
    assert job.returncode == 0, job.stderr
    card = read_report(folder)
    unseen = {asked.fact: asked.kind for asked in card.questions if asked.part == "unseen"}
    assert unseen == {ROWS[0]["fact"]: "", "It uses the Zlib license.": "held-back wording"}
    assert card.facts.of == 2 and any("1 fact has no exam question of its own" in note for note in card.notes)


def test_an_exam_question_that_wraps_a_taught_one_replaces_nothing_and_is_named(examined):
    wrapped = {**ROWS[0], "question": f"I have a question: {ROWS[0]['question']}", "exam": True}
    folder, job = examined([*ROWS, wrapped])
    assert job.returncode == 0, job.stderr
    card = read_report(folder)
    assert card.generalisation.tuned.of == 3, "both facts are asked in held-back wordings too"
    assert card.facts.of == 2
    [asked] = [asked for asked in card.questions if asked.near]
    assert asked.near == ROWS[0]["question"]
    assert any("nearly repeats a taught one" in note for note in card.notes)


def test_without_exam_questions_the_card_asks_in_wordings_that_were_held_back(examined):
    folder, job = examined(ROWS)
    assert job.returncode == 0, job.stderr
    card = read_report(folder)
    assert card.unseen_from == "templates" and card.generalisation.tuned.of == 2
    assert any("templates" in note for note in card.notes)


def test_a_run_without_an_adapter_is_refused_in_a_sentence(workspace, tmp_path):
    folder = workspace.checkpoints / "nothing"
    folder.mkdir(parents=True)
    command = [sys.executable, "-P", "-m", "garage_tui.jobs.exam", str(folder)]
    job = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment())
    assert job.returncode == 2 and "has no adapter to examine" in job.stderr and "Traceback" not in job.stderr
