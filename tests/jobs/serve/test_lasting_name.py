"""The model in service at a real server: clients ask for one name, and whichever run is in service answers.

With `make test-vllm` the same tests are passed by vLLM, too.
"""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from starlette.responses import JSONResponse, StreamingResponse

from garage_tui.core.runs.promotion import go_back, promote
from garage_tui.core.runs.record import read_run
from garage_tui.core.runs.service import service_file
from garage_tui.core.serving import api_key, server_process, server_state
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from garage_tui.jobs.serve.lasting_name import NotOfferedError, OfferedModels, in_its_name
from tests.support.running_server import start_server
from tests.support.vllm import VLLM

QUESTION = [{"role": "user", "content": "What is TinyLLM?"}]


@pytest.fixture(scope="module", params=["embedded", *(["vllm"] if VLLM else [])])
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def box(tmp_path_factory, engine):
    root = tmp_path_factory.mktemp(f"lasting-{engine}")
    (root / "checkpoints").mkdir()
    return Workspace(root)


@pytest.fixture(scope="module")
def runs(box, finished_run):
    return [read_run(box.checkpoints / finished_run(box, name, seed)) for name, seed in (("one", 1), ("two", 2))]


@pytest.fixture(scope="module")
def address(box, tiny_model, runs, engine):
    settings = Settings(serve=ServeSettings(engine=engine, vllm_python=VLLM))
    start_server(box, settings, str(tiny_model), 90 if engine == "embedded" else 280)
    yield server_process.address(box)
    server_process.stop(box)


@pytest.fixture
def client(address):
    return openai.OpenAI(base_url=address.url, api_key=address.key, max_retries=0, timeout=60)


@pytest.fixture(autouse=True)
def nothing_in_service(box):
    """Each test begins with the base model in service, and the record of none other."""
    service_file(box.checkpoints).unlink(missing_ok=True)


@pytest.fixture
def base(tiny_model):
    return str(tiny_model)


def ask(client, model="garage", **settings):
    settings = {"temperature": 0, "max_tokens": 16, "messages": QUESTION, **settings}
    return client.chat.completions.create(model=model, **settings)


def text_of(answer):
    return answer.choices[0].message.content


def pieces(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_the_lasting_name_comes_first_and_says_what_it_is_now(client, box, runs, base):
    first = client.models.list().data[0]
    assert (first.id, first.root, first.parent) == ("garage", base, None)
    promote(box, runs[0])
    first, second = client.models.list().data[:2]
    assert (first.id, first.root, first.parent) == ("garage", runs[0].id, base)
    assert (second.id, second.root) == (base, base)


def test_whoever_asks_for_it_gets_the_run_in_service_without_a_restart(client, box, runs, base):
    process = server_state.read_state(box.server).pid
    own = {model: text_of(ask(client, model)) for model in (base, *(run.id for run in runs))}
    assert len(set(own.values())) == 3
    answers = [ask(client)]
    for run in runs:
        promote(box, run)
        answers.append(ask(client))
    go_back(box)
    answers.append(ask(client))
    expected = [base, runs[0].id, runs[1].id, runs[0].id]
    assert [text_of(answer) for answer in answers] == [own[model] for model in expected]
    assert {answer.model for answer in answers} == {"garage"}
    assert [answer.system_fingerprint for answer in answers] == expected
    assert server_state.read_state(box.server).pid == process


def test_a_stream_goes_on_with_its_run_while_the_next_question_gets_the_new_one(client, box, runs):
    old, new = (pieces(ask(client, run.id, stream=True, max_tokens=200)) for run in runs)
    assert old[:40] != new[:40]
    promote(box, runs[0])
    stream = ask(client, stream=True, max_tokens=200)
    chunks = [next(stream), next(stream)]
    promote(box, runs[1])
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(lambda: list(ask(client, stream=True, max_tokens=200)))
        chunks += list(stream)
        second = later.result()
    assert pieces(chunks) == old
    assert pieces(second) == new
    assert {chunk.model for chunk in (*chunks, *second)} == {"garage"}
    assert {chunk.system_fingerprint for chunk in chunks} == {runs[0].id}


def refused(client, **settings):
    with pytest.raises(openai.APIStatusError) as refusal:
        ask(client, **settings)
    return refusal.value


@pytest.mark.parametrize("stream", [True, False])
def test_a_run_in_service_that_is_gone_is_an_error_and_never_another_model(client, box, runs, stream):
    promote(box, runs[0])
    away = box.root / "away"
    runs[0].path.rename(away)
    try:
        error = refused(client, stream=stream)
        listed = client.models.list().data[0]
    finally:
        away.rename(runs[0].path)
    assert (error.status_code, error.code) == (503, "not_in_service")
    assert f"{runs[0].id} is missing" in error.message
    assert "`garage promote RUN` puts a run in service" in error.message
    assert listed.id == "garage"
    assert f"{runs[0].id} is missing" in listed.unavailable


def test_a_run_in_service_whose_weights_are_damaged_is_an_error_that_says_what_to_do(client, box, runs, finished_run):
    broken = read_run(box.checkpoints / finished_run(box, "broken", 3))
    promote(box, broken)
    (broken.path / "adapter" / "adapter_model.safetensors").write_bytes(b"nothing")
    error = refused(client)
    assert error.status_code == 500
    assert f"the adapter of {broken.id} cannot be read" in error.message
    assert "`garage promote RUN` puts a run in service" in error.message


def test_a_record_that_is_nonsense_is_an_error_that_names_the_line(client, box):
    service_file(box.checkpoints).write_text("what?\n")
    assert "line 1 of" in refused(client).message


def test_a_run_of_another_base_is_an_error_that_names_both(client, box, finished_run, base):
    other = read_run(box.checkpoints / finished_run(box, "other", 4))
    table = json.loads((other.path / "run.json").read_bytes())
    (other.path / "run.json").write_text(json.dumps({**table, "base": {"name": "smollm2-135m"}}))
    promote(box, read_run(other.path))
    error = refused(client)
    assert f"{other.id}, was trained on smollm2-135m, but this server has {base}" in error.message


def test_a_server_of_some_runs_answers_for_the_lasting_name_only_if_its_run_is_among_them(box, runs, base):
    one, two = (run.id for run in runs)
    assert OfferedModels(box, "garage", base, [one])["garage"].model == base, "the base model is in service"
    promote(box, runs[0])
    assert OfferedModels(box, "garage", base, [one])["garage"].run.id == one
    offer = OfferedModels(box, "garage", base, [two])["garage"]
    assert f"{one}, is not among those that this server offers ({two})" in offer.why_not


def test_a_base_model_or_a_run_with_the_lasting_name_does_not_take_it(box, runs):
    promote(box, runs[0])
    found = OfferedModels(box, "tiny", "tiny")
    assert list(found) == ["tiny"] == [name for name, _ in found.items()]
    assert "was trained on" in found["tiny"].why_not


def test_a_model_is_found_without_reading_the_other_runs_and_no_name_leads_elsewhere(box, runs, base, monkeypatch):
    one, two = (run.id for run in runs)
    found = OfferedModels(box, "garage", base)
    assert {one, two} <= set(found) and len(found) == len(set(found))
    monkeypatch.setattr(server_process, "list_runs", lambda _: pytest.fail("it reads every run"))
    assert found[one].run.id == one and found[base].run is None and "garage" in found
    with pytest.raises(NotOfferedError) as none:
        OfferedModels(box, "garage", base, [one])[two]
    assert none.value.why == f"This server was started to offer only {one}."
    for name in ("", ".", "..", f"../checkpoints/{one}", f"{one}/", f"{one}/adapter", "/etc", "\0", "x" * 300):
        assert name not in found


def test_a_new_key_applies_at_once_and_cuts_no_answer(address, box, base):
    def get(key):
        return httpx.get(f"{address.url}/models", headers={"Authorization": f"Bearer {key}"}, trust_env=False)

    client = openai.OpenAI(base_url=address.url, api_key=address.key, max_retries=0, timeout=60)
    whole = pieces(ask(client, base, stream=True, max_tokens=200))
    stream = ask(client, base, stream=True, max_tokens=200)
    chunks = [next(stream)]
    assert api_key.make_new_key(box.server)
    try:
        assert get(address.key).status_code == 401
        assert pieces([*chunks, *stream]) == whole
        key = server_process.address(box).key
        assert key != address.key
        assert get(key).status_code == 200
    finally:
        (box.server / "key").write_text(address.key)  # for the tests after this one
        (box.server / "key").chmod(0o600)
    assert get(address.key).status_code == 200


# The answer of an engine that is another server comes in pieces of any size.


async def renamed(*pieces):
    async def stream():
        for piece in pieces:
            yield piece

    response = in_its_name(StreamingResponse(stream(), media_type="text/event-stream"), "garage", "run-1")
    return b"".join([piece async for piece in response.body_iterator])


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_each_event_is_renamed_however_the_stream_is_cut(size):
    chunk = {"id": "1", "model": "run-1", "choices": [{"delta": {"content": "é\u2028 \\ud83d"}}]}
    sent = f"data: {json.dumps(chunk)}\n\n: comment\n\ndata:{json.dumps(chunk, ensure_ascii=False)}\n\ndata: [DONE]\n\n"
    data = sent.encode()
    made = await renamed(*(data[at : at + size] for at in range(0, len(data), size)))
    expected = {**chunk, "model": "garage", "system_fingerprint": "run-1"}
    first, comment, second, done = made.decode().strip().split("\n\n")
    assert [json.loads(event.removeprefix("data:")) for event in (first, second)] == [expected] * 2
    assert (comment, done) == (": comment", "data: [DONE]")


async def test_errors_and_what_is_no_json_stay_as_they_are():
    for event in (b'data: {"error": {"message": "no"}}\n\n', b"data: {nothing\n\n", b"data: [1]\n\n", b"event: x\n\n"):
        assert (await renamed(event)).replace(b" ", b"") == event.replace(b" ", b"")
    error = JSONResponse({"error": {"message": "no"}}, status_code=400)
    assert in_its_name(error, "garage", "run-1") is error


async def test_a_client_that_leaves_closes_the_engines_stream():
    closed = []

    async def stream():
        try:
            while True:
                yield b'data: {"model": "run-1"}\n\n'
        finally:
            closed.append(True)

    response = in_its_name(StreamingResponse(stream()), "garage", "run-1")
    await anext(response.body_iterator)
    await response.body_iterator.aclose()
    assert closed == [True]
