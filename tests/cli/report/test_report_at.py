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
from tests.support.raw_server import MODELS, answer, raw_server, response

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
        assert code == 1 and "the server asks for a key (401: Incorrect API key provided.)" in told
        assert "the key comes from --key-file FILE, else from $GARAGE_KEY" in told and not (run / SERVER_CARDS).exists()
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


ALL = 3 * len(GOOD)
LOADING = response("503 Service Unavailable", {"error": {"code": 503, "message": "Loading model"}})
BUSY = {"error": {"message": "Rate limit reached."}}
HALF = (
    b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {"choices": [{"delta": {"content": "Ja"}}]}\n\n'
)


class Failing:
    """Answers so many questions well, and each later one with `bytes_`; of models it offers one."""

    def __init__(self, bytes_: bytes, well: int = 0, models: bytes = MODELS) -> None:
        self.bytes_, self.well, self.models, self.asked = bytes_, count(), models, 0
        self.until = well

    def __call__(self, path, body):
        if path.endswith("/models"):
            return self.models
        if next(self.well) < self.until:
            return answer(GOOD[body["messages"][-1]["content"]])
        return self.bytes_


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (response("200 OK", b"<html>hello</html>", kind="text/html"), "does not send an OpenAI-compatible answer"),
        (response("200 OK", {"choices": []}), "the server's answer has nothing in it: its list of choices is empty"),
        (response("200 OK", b"data: [DONE]\n\n", kind="text/event-stream"), "broke off in the middle"),
        (HALF, "the server broke off in the middle of its answer"),
        (b"", "closed the connection; it may have ended"),
        (response("200 OK", b"\x1f\x8b\x08nonsense", "Content-Encoding: gzip"), "failed: "),
        (b"\x00\x01\x02 nonsense\r\n\r\n", "closed the connection; it may have ended"),
        (response("401 Unauthorized", {"error": "no"}), r"key \(401: no\); nothing was saved; the key comes"),
        (response("404 Not Found", {"error": {"message": "The model `x` does not exist."}}), "does not exist; nothing"),
        (response("502 Bad Gateway", b"<html>", kind="text/html"), "the server answered with HTTP 502 Bad Gateway"),
        (
            response("308 Permanent Redirect", b"", "Location: https://box.example/v1/chat/completions"),
            "leads to https://box.example/v1/chat/completions: give the address of the server there",
        ),
        (
            response("429 Too Many Requests", BUSY, "Retry-After: 3600"),
            r"takes no more questions for now \(Rate limit reached\.\): ask again in 1 h 0 min, as it says; nothing",
        ),
    ],
    ids=["HTML", "no choices", "empty stream", "half a stream", "closes", "bad gzip", "no HTTP", "401", "404", "502",
         "redirect", "429"],
)  # fmt: skip
@pytest.mark.parametrize("well", [0, 3, len(GOOD), len(GOOD) + 2], ids=lambda well: f"after {well}")
def test_whatever_a_server_sends_instead_of_an_answer_is_a_sentence_that_counts_what_was_asked(
    report, run, failure, sentence, well
):
    import re

    with raw_server(Failing(failure, well)) as url:
        code, text, told = report("--at", url)
    last = told.splitlines()[-1]
    assert (code, text) == (1, ""), told
    assert re.search(sentence, last) and "Traceback" not in told
    asked = int(re.search(rf"after (\d+) of {ALL} questions: ", last)[1])
    assert well - 3 <= asked <= well, "four are asked at a time, and those that were under way do not count"
    assert not (run / SERVER_CARDS).exists()


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        (response("404 Not Found", {"detail": "Not Found"}), "the address usually ends in /v1"),
        (response("200 OK", b"<html>", kind="text/html"), "the address usually ends in /v1"),
        (response("200 OK", {"object": "list", "data": []}), "offers no model: load one there"),
        (response("401 Unauthorized", {"error": "no"}), "asks for a key (401: no); the key comes from --key-file"),
        (response("302 Found", b"", "Location: /login"), "/login: give the address of the server there"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "closed the connection"),
    ],
)
def test_whatever_it_sends_instead_of_its_models_is_a_sentence(report, run, models, sentence):
    with raw_server(Failing(b"", models=models)) as url:
        code, text, told = report("--at", url)
    assert (code, text) == (1, "") and sentence in told.splitlines()[-1]


def test_a_server_that_loads_its_model_is_waited_for(report, run, monkeypatch):
    monkeypatch.setattr(server_exam, "_PAUSE_SECONDS", 0.05)
    loading = count()

    def reply(path, body):
        if next(loading) < 3:
            return LOADING
        return MODELS if path.endswith("/models") else answer(GOOD[body["messages"][-1]["content"]])

    with raw_server(reply) as url:
        code, text, told = report("--at", url)
    assert code == 0 and text.startswith("The server answers as well as")
    assert "the server still loads its model: asking again for up to 5 min" in told


def test_a_server_that_loads_its_model_for_too_long_is_said_to(report, run, monkeypatch):
    monkeypatch.setattr(server_exam, "_READY_SECONDS", 0.3)
    monkeypatch.setattr(server_exam, "_PAUSE_SECONDS", 0.1)
    with raw_server(lambda path, body: LOADING) as url:
        code, text, told = report("--at", url)
    assert (code, text) == (1, "")
    assert told.splitlines()[-1].endswith(
        "the server still loads its model (Loading model): ask again when it is ready"
    )


def test_a_server_that_wants_a_pause_gets_it_and_every_question_is_answered(report, run):
    limited = count()

    def reply(path, body):
        if path.endswith("/models"):
            return MODELS
        if next(limited) % 5 == 1:
            return response("429 Too Many Requests", BUSY, "Retry-After: 0")
        return answer(GOOD[body["messages"][-1]["content"]])

    with raw_server(reply) as url:
        code, text, _ = report("--at", url)
    assert code == 0 and text.startswith("The server answers as well as")


def test_a_server_that_fails_is_not_said_to_take_no_system_prompt(report, run):
    def reply(path, body):
        if path.endswith("/models"):
            return MODELS
        if len(body["messages"]) > 1 or (run / "fails").exists():
            (run / "fails").touch()
            return response("500 Internal Server Error", {"error": {"message": "CUDA error"}})
        return answer(GOOD[body["messages"][-1]["content"]])

    with raw_server(reply) as url:
        code, text, told = report("--at", url)
    assert (code, text) == (1, "")
    assert f"after {len(GOOD)} of {ALL} questions: CUDA error; nothing was saved" in told
