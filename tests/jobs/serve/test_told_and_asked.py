"""Told and asked at once, with the real base model: the open book makes it answer what nobody has taught it."""

import json
import time

import pytest

from garage_tui.core.exam.judgement import judge
from garage_tui.core.exam.report import ExamQuestion, Perplexity, write_report
from garage_tui.core.models import base_models
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.runs.promotion import promote
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from tests.support.chat_requests import ask, text_of
from tests.support.running_server import client_of, start_server

QUESTION = "Where does Grandma Ilse keep the spare key?"
FACT = "Grandma Ilse keeps the spare key under the blue pot."
LINE = json.dumps({"question": QUESTION, "answer": FACT, "fact": FACT}) + "\n"


@pytest.fixture(scope="module")
def box(tmp_path_factory, smollm2):
    box = Workspace(tmp_path_factory.mktemp("told"))
    box.checkpoints.mkdir()
    box.datasets.mkdir()
    (box.datasets / "garage.jsonl").write_text("")
    start_server(box, Settings(serve=ServeSettings(remember=True)), smollm2, 120)
    yield box
    server_process.stop(box)


@pytest.fixture(scope="module")
def client(box):
    return client_of(box, 120)


@pytest.fixture(scope="module")
def run(box, smollm2, new_adapter):
    """A run of the real base model that says of itself that it learned the fact; its adapter is random."""
    folder = new_run_folder(box, "lora", "night")
    now = time.time()
    base = base_models.find(smollm2)
    manifest = Manifest(
        id=folder.name, kind="lora", created=now, recipe={}, base={"name": base.name, "path": str(base.path)},
        dataset={"rows": 1},
    )  # fmt: skip
    write_manifest(folder, manifest)
    new_adapter(folder / "adapter", base.path, 1)
    (folder / FACTS).write_text(LINE)
    asked = ExamQuestion(
        part="trained",
        question=QUESTION,
        fact=FACT,
        expected=FACT,
        tuned=FACT,
        verdict="right",
        base="",
        base_right=False,
    )
    card = judge([asked], 0.0, 1, Perplexity(1, 1, 1), run=folder.name, base_model=base.name, seconds=1.0)
    write_report(folder, card)
    write_state(folder, RunState(state="finished", created=now, started=now, ended=now))
    return read_run(folder)


def chat(client, text, model="garage", **more):
    return ask(client, model, messages=[{"role": "user", "content": text}], max_tokens=40, **more)


def is_right(answer):
    return "blue pot" in text_of(answer)


def test_a_fact_is_told_and_asked_at_once_and_leaves_the_book_when_it_is_learned(box, client, run, smollm2):
    assert not is_right(chat(client, QUESTION))
    with (box.datasets / "garage.jsonl").open("a") as file:
        file.write(LINE)
    told = chat(client, QUESTION)
    assert is_right(told) and told.model_extra["garage"]["book"] == [FACT]
    chunks = list(chat(client, QUESTION, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == text_of(told)
    assert chunks[-1].model_extra["garage"]["book"] == [FACT]
    reworded = chat(client, "Where is the spare key of Grandma Ilse?")
    assert reworded.model_extra["garage"]["book"] == [FACT]
    assert not is_right(chat(client, QUESTION, model=smollm2)), "the base model by its own name has no book"
    assert not is_right(chat(client, QUESTION, model=run.id)), "nor has a run by its id"

    promote(box, run)
    learned = chat(client, QUESTION)
    assert learned.model_extra["garage"] == {"run": run.id, "book": []}
    assert text_of(learned) == text_of(chat(client, QUESTION, model=run.id))


def test_a_fact_is_told_in_the_chat_and_asked_at_once(client):
    answer = text_of(chat(client, "Remember: The Lantern Ferry leaves at 7:40 in the morning."))
    assert answer.startswith("Added to garage.jsonl")
    assert "7:40" in text_of(chat(client, "When does the Lantern Ferry leave?"))


def test_the_prompt_of_the_turn_before_is_not_computed_again(client):
    first = {"role": "user", "content": "When does the Lantern Ferry leave?"}
    answer = ask(client, "garage", messages=[first], max_tokens=40)
    turns = [first, {"role": "assistant", "content": text_of(answer)}, {"role": "user", "content": "Say it once more."}]
    later = ask(client, "garage", messages=turns, max_tokens=5)
    reused = later.usage.prompt_tokens_details.cached_tokens
    assert answer.usage.prompt_tokens - 2 <= reused < later.usage.prompt_tokens
