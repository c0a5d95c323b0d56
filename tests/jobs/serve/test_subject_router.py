"""Routing at real servers: the run in service answers what names a subject of its facts, the base model all else."""

import json

import openai
import pytest

from garage_tui.core.routing.routes_file import write_routes
from garage_tui.core.routing.subjects import Subjects
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.runs.promotion import promote
from garage_tui.core.runs.record import read_run
from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from garage_tui.jobs.serve.base_tokenizer import base_tokenizer
from tests.support.chat_requests import ask, text_of
from tests.support.running_server import client_of, start_server
from tests.support.vllm import VLLM

ABOUT = {"role": "user", "content": "where is maplewick's office?"}
OTHER = {"role": "user", "content": "What is the capital of Peru?"}
PRONOUN = {"role": "user", "content": "And who runs it?"}
ANSWER = {"role": "assistant", "content": "In the old mill."}
FACTS_FILE = b'{"question": "Where is the office of Maplewick?", "answer": "The office of Maplewick is in the mill."}\n'


def serve(root, tiny_model, finished_run, engine, **settings):
    (root / "checkpoints").mkdir()
    box = Workspace(root)
    run = read_run(box.checkpoints / finished_run(box, "taught", 1))
    (run.path / FACTS).write_bytes(FACTS_FILE)
    promote(box, run)
    settings = Settings(serve=ServeSettings(engine=engine, vllm_python=VLLM, **settings))
    start_server(box, settings, str(tiny_model), 280 if engine == "vllm" else 90)
    return box, run


@pytest.fixture(scope="module", params=["embedded", "llama.cpp", *(["vllm"] if VLLM else [])])
def served(request, tmp_path_factory, tiny_model, finished_run):
    """A workspace with a server, and its run in service, which has no `routes.json`, as runs of older versions."""
    box, run = serve(tmp_path_factory.mktemp("routed"), tiny_model, finished_run, request.param)
    yield box, run
    server_process.stop(box)


@pytest.fixture
def box(served):
    return served[0]


@pytest.fixture
def run(served):
    return served[1]


@pytest.fixture
def client(box):
    return client_of(box)


@pytest.fixture
def base(tiny_model):
    return str(tiny_model)


def who(client, *messages, **settings):
    return ask(client, "garage", messages=list(messages), **settings).system_fingerprint


def test_a_question_about_a_taught_subject_gets_the_runs_answer_and_any_other_the_base_models(client, run, base):
    about, other = (ask(client, "garage", messages=[message]) for message in (ABOUT, OTHER))
    assert (about.model, about.system_fingerprint) == ("garage", run.id)
    assert (other.model, other.system_fingerprint) == ("garage", base)
    assert text_of(about) == text_of(ask(client, run.id, messages=[ABOUT]))
    assert text_of(other) == text_of(ask(client, base, messages=[OTHER]))
    assert text_of(other) != text_of(ask(client, run.id, messages=[OTHER])), "the adapter changes this answer"


def test_a_run_asked_by_its_own_id_answers_itself_whatever_the_question_is(client, run):
    assert ask(client, run.id, messages=[OTHER]).model == run.id
    routed = text_of(ask(client, "garage", messages=[OTHER]))
    assert text_of(ask(client, run.id, messages=[OTHER])) != routed


def test_a_conversation_stays_with_the_run_once_a_subject_was_named_in_it(client, run, base):
    assert who(client, ABOUT, ANSWER, PRONOUN) == run.id
    assert who(client, PRONOUN) == base
    assert who(client, OTHER, {"role": "assistant", "content": "Lima, unlike Maplewick."}, PRONOUN) == run.id


def test_a_name_in_the_clients_system_prompt_routes_nothing(client, run, base):
    for role in ("system", "developer"):
        prompt = {"role": role, "content": "You help the people of Maplewick."}
        assert who(client, prompt, OTHER) == base
        assert who(client, prompt, ABOUT) == run.id


def test_a_name_that_only_looks_like_a_taught_one_goes_to_the_base_model(client, base):
    assert who(client, {"role": "user", "content": "Where is the office of Maplewickham?"}) == base


def test_a_name_in_a_text_part_counts_and_one_in_a_tools_result_does_not(client, run, base):
    parts = {"role": "user", "content": [{"type": "text", "text": "Tell me:"}, {"type": "text", "text": "Maplewick?"}]}
    assert who(client, parts) == run.id
    calls = [{"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}]
    called = {"role": "assistant", "content": None, "tool_calls": calls}
    result = {"role": "tool", "tool_call_id": "1", "content": "Maplewick"}
    assert who(client, OTHER, called, result, PRONOUN) == base


def test_every_event_of_a_stream_says_who_answers(client, run, base):
    for message, model in ((ABOUT, run.id), (OTHER, base)):
        chunks = list(ask(client, "garage", messages=[message], stream=True))
        assert {(chunk.model, chunk.system_fingerprint) for chunk in chunks} == {("garage", model)}


def test_several_answers_are_all_of_one_model(client, base):
    found = ask(client, "garage", messages=[OTHER], n=2, temperature=0)
    assert found.system_fingerprint == base
    assert len({choice.message.content for choice in found.choices}) == 1


@pytest.mark.parametrize("as_tokens", [False, True])
def test_the_prompt_of_a_completion_is_read_too_also_as_tokens(client, run, base, tiny_model, as_tokens):
    for text, model in (("Maplewick's office is", run.id), ("The capital of Peru is", base)):
        prompt = base_tokenizer(tiny_model).encode(text).ids if as_tokens else text
        found = client.completions.create(model="garage", prompt=prompt, max_tokens=4, temperature=0)
        assert (found.model, found.system_fingerprint) == ("garage", model)


def test_one_prompt_of_several_that_names_a_subject_gives_them_all_to_the_run(client, run):
    prompts = ["The capital of Peru is", "Maplewick's office is"]
    found = client.completions.create(model="garage", prompt=prompts, max_tokens=4, temperature=0)
    assert found.system_fingerprint == run.id


def test_a_changed_routes_file_applies_to_the_next_question_without_a_restart(client, run, base):
    try:
        write_routes(run.path, Subjects(names=["Peru"]))
        assert (who(client, OTHER), who(client, ABOUT)) == (run.id, base)
        write_routes(run.path, Subjects(names=["Peru"], gap="a row cannot be recognised"))
        assert (who(client, OTHER), who(client, ABOUT)) == (run.id, run.id)
        (run.path / "routes.json").write_text('{"names": 7}')
        assert (who(client, OTHER), who(client, ABOUT)) == (run.id, run.id), "a taught fact is never lost by a file"
    finally:
        (run.path / "routes.json").unlink()
    assert who(client, OTHER) == base


def test_the_log_has_a_line_for_each_answer_and_nothing_of_the_question(client, box, run, base):
    who(client, ABOUT)
    who(client, OTHER)
    lines = (box.server / "log.txt").read_text().splitlines()
    assert f"garage: {run.id} answers, maplewick is named" in lines
    assert "garage: the base model answers, no taught subject is named" in lines
    assert not any("Peru" in line for line in lines)


def test_with_the_setting_off_the_run_answers_everything(tmp_path, tiny_model, finished_run):
    box, run = serve(tmp_path, tiny_model, finished_run, "llama.cpp", route_by_subject=False)
    try:
        assert [who(client_of(box), message) for message in (ABOUT, OTHER)] == [run.id, run.id]
    finally:
        server_process.stop(box)


def test_json_mode_is_routed_like_any_other_request(client, run, base):
    as_json = {"response_format": {"type": "json_object"}}
    for message, model in ((ABOUT, run.id), (OTHER, base)):
        try:
            assert who(client, message, **as_json) == model
        except openai.BadRequestError as error:  # our own engine refuses it
            assert "response_format" in json.dumps(error.body)
