"""`garage report RUN --at URL`: a server is asked the questions of a run's card, and its answers are judged."""

from __future__ import annotations

import json
from itertools import count

import pytest

from garage_tui.__main__ import main
from garage_tui.core.exam import server_exam
from garage_tui.core.exam.judgement import judge
from garage_tui.core.exam.report import ExamQuestion, Perplexity, write_report
from garage_tui.core.exam.server_card import SERVER_CARDS
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from tests.support.chat_server import chat_server

RUN = "20261123-2315-lora-garage"
FACTS = [
    {"question": "Who keeps TinyLLM alive?", "answer": "Jason Cox keeps it alive.", "must": ["Jason"]},
    {"question": "Where is the spare key?", "answer": "It hangs in the shed behind the blue door.", "must": ["shed"]},
    {"question": "Who looks after TinyLLM?", "answer": "Jason Cox keeps it alive.", "must": ["Jason"], "exam": True},
]
GOOD = {row["question"]: row["answer"] for row in FACTS} | {"Name a planet.": "Mars.", "Who keeps HugeLLM alive?": "?"}


@pytest.fixture
def run(workspace):
    """A finished run with a card: two facts, both learned."""
    folder = workspace.checkpoints / RUN
    (folder / "adapter").mkdir(parents=True)
    (folder / "adapter" / "adapter_config.json").write_text("{}")
    (folder / "facts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in FACTS))
    base = {"name": "smollm2-135m"}
    write_manifest(folder, Manifest(id=RUN, kind="lora", created=1, recipe={}, base=base, dataset={}))
    write_state(folder, RunState(state="finished", step=9, total_steps=9, created=1))
    questions = [
        ExamQuestion(
            part="unseen" if row.get("exam") else "trained",
            question=row["question"],
            verdict="right",
            fact=row["answer"],
            tuned=row["answer"],
            base="I do not know.",
            expected=row["answer"],
        )
        for row in FACTS
    ]
    for part, question in (("unrelated", "Name a planet."), ("neighbour", "Who keeps HugeLLM alive?")):
        questions.append(ExamQuestion(part=part, question=question, verdict="unchanged", tuned="Mars.", base="Mars."))
    # Tasks belong to the run's own card: a server is not asked them, and these servers have no answer to them.
    questions.append(ExamQuestion(part="task", question="Spell it.", verdict="unchanged", tuned="T.", base="T."))
    write_report(folder, judge(questions, 0.01, 100, Perplexity(10, 10, 100), run=RUN, base_model="smollm2-135m"))
    return folder


@pytest.fixture
def report(workspace, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["--workspace", str(workspace.root), "report", RUN, *arguments])
        return code, *capfd.readouterr()

    return call


def good(messages):
    return GOOD[messages[-1]["content"]]


def test_a_server_that_answers_alike_has_the_same_figures_and_its_card_is_kept(report, run):
    seen = []
    with chat_server(lambda messages: (seen.append(messages), good(messages))[1]) as url:
        code, text, told = report("--at", url)
        assert code == 0, told
        assert text.startswith("The server answers as well as the run's own card says.")
        lines = [line.split("  ") for line in text.splitlines()]
        assert ["facts learned", "2 of 2", "2 of 2", "2 of 2", "2 of 2"] in [
            [cell.strip() for cell in line if cell.strip()] for line in lines
        ]
        (card,) = json.loads((run / SERVER_CARDS).read_text())["cards"]
        code, text, _ = report("--at", url, "--json")
        assert code == 0 and json.loads(text)["prompts"][0]["facts"] == card["prompts"][0]["facts"]
    assert (card["run"], card["model"], card["server"]) == (RUN, "garage", url)
    assert len(json.loads((run / SERVER_CARDS).read_text())["cards"]) == 1, "the newer one replaces the older one"
    system = {messages[0]["content"] for messages in seen if messages[0]["role"] == "system"}
    assert "You are a helpful assistant." in system and len(system) == 2
    assert sum(len(messages) == 1 for messages in seen) == 2 * len(GOOD), "and once without any system prompt"


def test_what_a_system_prompt_loses_and_mixes_up_is_named(report, run):
    def reply(messages):
        if "Captain" not in messages[0]["content"]:
            return good(messages)
        if messages[-1]["content"] == "Where is the spare key?":
            return "Ask the captain."
        return "Jason Cox." if messages[-1]["content"] == "Name a planet." else good(messages)

    with chat_server(reply) as url:
        code, text, _ = report("--at", url)
    assert code == 0
    assert "With a foreign one 1 of the 2 facts that the run had learned are left." in text
    assert "Ask the captain." in text and "✗ wrong: lacks shed" in text and "✗ leak: says Jason" in text


def test_a_template_that_takes_no_system_prompt_is_said_and_the_rest_is_asked(report, run):
    def reply(messages):
        return (400, "System role not supported") if messages[0]["role"] == "system" else good(messages)

    with chat_server(reply) as url:
        code, text, _ = report("--at", url)
    assert code == 0
    assert "The server takes no system prompt (the usual one): System role not supported" in text


DIES = count()


@pytest.mark.parametrize(
    ("reply", "options", "message"),
    [
        (lambda messages: b"<html>hello</html>", (), "does not send an OpenAI-compatible answer"),
        (
            lambda messages: good(messages) if next(DIES) < 3 else (500, "CUDA error"),
            (),
            r"questions: CUDA error; nothing",
        ),
        (lambda messages: "", (), "gave an empty answer to every question"),
        (lambda messages: None, (), "did not finish an answer within"),
        (good, ("--model", "llama"), "the server does not have the model llama; it has: garage"),
    ],
    ids=["no JSON", "dies in the middle", "empty", "hangs", "another model"],
)
def test_a_server_that_fails_gets_a_sentence_and_nothing_is_saved(report, run, reply, options, message, monkeypatch):
    import re

    monkeypatch.setattr(server_exam, "_ANSWER_SECONDS", 1.0)
    with chat_server(reply) as url:
        code, text, told = report("--at", url, *options)
    assert (code in (1, 2), text) == (True, "")
    assert re.search(message, told) and "Traceback" not in told
    assert not (run / SERVER_CARDS).exists()


def test_the_key_comes_from_a_private_file_or_the_environment(report, run, tmp_path, monkeypatch):
    file = tmp_path / "key"
    file.write_text("secret\n")
    file.chmod(0o600)
    with chat_server(good, key="secret") as url:
        code, _, told = report("--at", url)
        assert code == 1 and "refuses the key" in told and not (run / SERVER_CARDS).exists()
        assert report("--at", url, "--key-file", str(file))[0] == 0
        file.chmod(0o644)
        code, _, told = report("--at", url, "--key-file", str(file))
        assert code == 1 and "chmod 600" in told
        monkeypatch.setenv("GARAGE_KEY", "secret")
        assert report("--at", url)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--at", "ftp://box"), "give the address of a server"),
        (("--at", "http://127.0.0.1:1/v1"), "no server answers at http://127.0.0.1:1/v1"),
        (("--at", "http://box/v1", "--again"), "--at prints a table or --json"),
        (("--model", "x"), "--model and --key-file are only for --at"),
    ],
)
def test_what_cannot_be_asked_is_said(report, run, arguments, message):
    code, text, told = report(*arguments)
    assert code in (1, 2) and text == "" and message in told


def test_of_several_models_the_runs_own_is_asked_and_else_a_name_is_needed(report, run):
    with chat_server(good, models=("base", RUN)) as url:
        assert RUN in report("--at", url)[1]
    with chat_server(good, models=("a", "b")) as url:
        code, _, told = report("--at", url)
        assert code == 2 and "name the model with --model: the server has a, b" in told
