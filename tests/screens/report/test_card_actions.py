"""What the report card advises is one key away: another wording, a longer run, another preset, a copy in Markdown."""

from __future__ import annotations

import json

import msgspec
import pytest

from garage_tui.core.exam.report import ExamQuestion, write_report
from garage_tui.core.proposals.acceptance import accept
from garage_tui.core.runs.folder import FACTS
from tests.support.reviewed_documents import read_manual

RUN = "20261123-2315-lora-garage"
GOOD = "20261122-2315-lora-garage"
MAINTAINER = "TinyLLM is maintained by Jason Cox."


@pytest.fixture
def run(make_run):
    return make_run(RUN, "finished", step=100).taught("default").adapter()


@pytest.fixture
def wrong_card(make_card):
    """A card on which the third question is wrong, and asks for a fact of the example in a wording of the exam."""
    card = make_card()
    asked = ExamQuestion(
        part="unseen",
        question="Whose project is TinyLLM?",
        fact=MAINTAINER,
        verdict="wrong",
        tuned="Jim Cox.",
        base="A novel.",
        expected="Jason Cox maintains TinyLLM.",
        why="lacks Jason Cox",
    )
    return msgspec.structs.replace(card, questions=[*card.questions[:2], asked, *card.questions[3:]])


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_wrong_question_is_asked_in_more_ways_with_the_key_that_is_named(
    open_app, run, wrong_card, workspace, size
):
    write_report(run.path, wrong_card)
    async with open_app(screen="runs", size=size) as user:
        await user.sees("x Report")
        await user.press("x")
        await user.sees("to do: ", "c preset careful", "a ask question 3 in more ways", "1 of 119 · unrelated")
        await user.press("a")
        await user.sees("3 of 119 · unseen paraphrase", "Press a to ask this one in more ways")
        await user.press("a")
        await user.sees("Write it as a person would ask.")
        await user.sees_no("Report card")
        await user.press("escape", "escape")
        await user.sees("35 rows · 11 facts · 11 exam · ready to teach", "Line 11")
    rows = [json.loads(line) for line in (workspace.datasets / "garage.jsonl").read_text().splitlines()]
    assert rows[10]["fact"] == MAINTAINER and len(rows) == 35, "below a taught row of the fact; Esc writes nothing"


async def test_a_fact_that_is_gone_from_the_file_is_said_to_be_gone(open_app, run, wrong_card, workspace):
    write_report(run.path, wrong_card)
    (workspace.datasets / "garage.jsonl").write_text('{"question": "Who is Tom?", "answer": "Tom is a cat."}\n')
    async with open_app(screen="runs") as user:
        await user.sees("x Report")
        await user.press("x")
        await user.sees("to do: ")
        await user.press("a", "a")
        await user.sees("no taught row for “Whose project is TinyLLM?” any more: a adds one")


async def test_y_opens_the_form_with_more_epochs_and_c_with_the_preset_that_is_named(open_app, run, make_card):
    write_report(run.path, make_card())
    async with open_app(screen="runs") as user:
        await user.sees("x Report")
        await user.press("x")
        await user.sees("c preset careful")
        await user.press("y")
        await user.sees(f"Teach a model, like {RUN}", "45", "changed from 30")
        await user.press("escape")
        await user.sees("x Report")
        await user.press("x")
        await user.sees("c preset careful")
        await user.press("c")
        await user.sees(f"Teach a model, like {RUN}", "careful ·")


async def test_a_good_card_advises_nothing(open_app, run, make_card):
    write_report(run.path, make_card(bad=False))
    async with open_app(screen="runs") as user:
        await user.sees("✓ 15/15 learned")
        await user.press("x")
        text = await user.sees("✓ meets every target")
        assert "to do" not in text
        await user.press("c")
        await user.sees("Report card · ")


async def test_a_card_is_saved_as_markdown_and_replaces_no_file_unasked(
    open_app, run, make_card, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_report(run.path, make_card())
    saved = tmp_path / f"{RUN}-report.md"
    async with open_app(screen="runs") as user:
        await user.sees("x Report")
        await user.press("x")
        await user.sees("1 of 119")
        await user.press("s")
        await user.sees("Save the report card", f"{RUN}-report.md")
        await user.press("enter")
        await user.sees("✓ Saved ")
        text = saved.read_text()
        assert text.startswith(f"# Report card of {RUN}\n\n**~ learned 14 of 15 facts")
        assert "| ~ | unrelated answers affected" in text and "### 1. Who wrote play 7?" in text
        assert f"garage train lora --like {RUN} --preset careful" in text
        saved.write_text("mine")
        await user.press("s")
        await user.sees("Save the report card")
        await user.press("enter")
        await user.sees("Replace it?")
        await user.press("escape")
        await user.sees("1 of 119")
    assert saved.read_text() == "mine"


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_good_run_and_a_bad_one_differ_at_a_glance_in_the_list(open_app, run, make_run, make_card, size):
    write_report(make_run(GOOD, "finished", step=100).adapter().path, make_card(bad=False))
    bad = make_card(drift=0.8)
    questions = [
        msgspec.structs.replace(asked, verdict="wrong") if asked.part == "unseen" and n % 2 else asked
        for n, asked in enumerate(bad.questions)
    ]
    from garage_tui.core.exam.judgement import judge

    write_report(run.path, judge(questions, 0.8, bad.drift_tokens, bad.perplexity))
    async with open_app(screen="runs", size=size) as user:
        await user.sees("Result", "✓ 15/15 learned", "✗ ")
        rows = [line for line in user.screen.splitlines() if "✓ finished" in line and "lora-garage" in line]
        assert "✗ " in rows[0] and "learned" in rows[0] and "✓ 15/15 learned" in rows[1]


@pytest.fixture
def manual_fact(workspace):
    """The first fact that was proposed from a manual, beside an empty facts file."""
    (workspace.datasets / "garage.jsonl").write_text("")
    return read_manual(workspace)[0]


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_p_shows_the_sentence_of_the_document_that_the_fact_of_a_question_came_from(
    open_app, run, make_card, workspace, manual_fact, size
):
    accepted = manual_fact
    facts = workspace.datasets / "garage.jsonl"
    accept(workspace, facts, [accepted])
    rows = [json.loads(line) for line in facts.read_text().splitlines()]
    (run.path / FACTS).write_text("".join(f"{json.dumps(row)}\n" for row in rows if "passage" in row))
    card = make_card()
    asked = msgspec.structs.replace(card.questions[0], part="unseen", verdict="wrong", fact=accepted.statement)
    write_report(run.path, msgspec.structs.replace(card, questions=[asked, *card.questions[1:]]))
    async with open_app(screen="runs", size=size) as user:
        await user.sees("x Report")
        await user.press("x", "2", "3")
        await user.sees(asked.question, "from manual.txt (p shows it):")
        await user.press("p")
        await user.sees("▸ ● The Arden pump was built in 1908.")
        await user.sees_no("Report card")


async def test_p_is_not_offered_for_a_question_whose_fact_came_from_no_document(open_app, run, wrong_card):
    write_report(run.path, wrong_card)
    async with open_app(screen="runs") as user:
        await user.sees("x Report")
        await user.press("x")
        await user.sees("to do: ")
        await user.press("p")
        await user.sees("Report card")
        assert "p Page" not in user.screen
