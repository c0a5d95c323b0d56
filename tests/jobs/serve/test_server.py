"""The server, spoken to by OpenAI's own client and by plain HTTP: a real process with a tiny random model.

Transformers and llama.cpp pass them; with `make test-vllm` vLLM does, too.
"""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest

from garage_tui.core.serving import server_state
from tests.support.chat_requests import QUESTION, ask, text_of


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/models/x"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/"),
        ("GET", "/nothing"),
    ],
)
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic {key}", "{key}", "Bearer {key}x", "Bearer"])
def test_every_route_refuses_whoever_has_no_key(address, method, path, header):
    root = address.url.removesuffix("/v1")
    headers = {"Authorization": header.format(key=address.key)} if header else {}
    answer = httpx.request(method, root + path, headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert address.key not in answer.text


def test_with_the_key_health_answers(address, http):
    health = http.get(address.url.removesuffix("/v1") + "/health").json()
    assert health["status"] == "ok"


def test_an_unknown_route_is_a_404_in_openais_form(address, http):
    answer = http.get(address.url + "/embeddings")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_the_models_are_the_base_and_the_run(client, base, tuned):
    lasting, first, second = client.models.list().data[:3]
    assert (lasting.id, lasting.root, lasting.parent) == ("garage", base, None)
    assert (first.id, first.parent) == (base, None)
    assert (second.id, second.parent) == (tuned, base)


def test_a_run_that_finishes_later_is_there_without_a_restart(client, box, finished_run, base):
    late = finished_run(box, "late", 9, state="stopped")
    assert late in [model.id for model in client.models.list().data]
    assert text_of(ask(client, late)) != text_of(ask(client, base))


def test_runs_of_another_base_or_without_an_end_are_not_offered(client, box, finished_run):
    from garage_tui.core.runs.record import RunState as RunState
    from garage_tui.core.runs.record import write_state

    failed = finished_run(box, "failed", 3, state="failed")
    other = finished_run(box, "other", 4)
    manifest = box.checkpoints / other / "run.json"
    table = json.loads(manifest.read_bytes())
    manifest.write_text(json.dumps({**table, "base": {"name": "another"}}))
    died = finished_run(box, "died", 5)
    write_state(box.checkpoints / died, RunState(state="running"))
    offered = [model.id for model in client.models.list().data]
    assert not {failed, other, died} & set(offered)


def test_an_answer_comes_whole_with_its_usage(client, base):
    answer = ask(client, base)
    assert answer.model == base
    assert answer.object == "chat.completion"
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert 0 < answer.usage.completion_tokens <= 16
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_streamed_answer_is_the_same_in_pieces(client, tuned):
    whole = ask(client, tuned)
    chunks = list(ask(client, tuned, stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == text_of(whole)
    assert len([piece for piece in pieces if piece]) > 3
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert reasons[-1] == whole.choices[0].finish_reason
    assert not any(reasons[:-1])
    assert chunks[-1].choices == []
    counts = [(usage.prompt_tokens, usage.completion_tokens) for usage in (chunks[-1].usage, whole.usage)]
    assert counts[0] == counts[1]


def test_without_include_usage_a_stream_has_none(client, base):
    assert all(chunk.usage is None for chunk in ask(client, base, stream=True))


def test_max_tokens_is_kept_under_both_its_names(client, base):
    for name in ("max_tokens", "max_completion_tokens"):
        answer = client.chat.completions.create(model=base, messages=QUESTION, temperature=0, **{name: 3})
        assert (answer.choices[0].finish_reason, answer.usage.completion_tokens) == ("length", 3)


def test_a_seed_repeats_a_sampled_answer(client, base):
    drawn = [text_of(ask(client, base, temperature=1.2, top_p=0.95, seed=seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_stop_string_ends_the_answer_before_it(client, base):
    whole = text_of(ask(client, base))
    stop = whole[len(whole) // 2 :][:4]
    answer = ask(client, base, stop=[stop])
    assert answer.choices[0].finish_reason == "stop"
    assert text_of(answer) == whole[: whole.index(stop)]


def test_a_message_may_come_in_parts(client, base):
    parts = [{"role": "user", "content": [{"type": "text", "text": QUESTION[0]["content"]}]}]
    assert text_of(ask(client, base, messages=parts)) == text_of(ask(client, base))


def test_an_unknown_model_is_refused_in_openais_own_sentence(client):
    with pytest.raises(openai.NotFoundError) as refusal:
        ask(client, "gpt-4o")
    assert refusal.value.code == "model_not_found"
    assert refusal.value.body["message"] == "The model `gpt-4o` does not exist."
    assert refusal.value.param == "model"


def test_a_broken_adapter_is_an_error_and_never_another_models_answer(client, box, finished_run):
    broken = finished_run(box, "broken", 2)
    weights = box.checkpoints / broken / "adapter" / "adapter_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    for stream in (False, True):
        with pytest.raises(openai.InternalServerError, match=r"has no adapter_model\.safetensors"):
            ask(client, broken, stream=stream)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "the request is not JSON"),
        (b"\xff\xfe", "the request is not JSON"),
        (b"[]", "request: expected `object`"),
        (b'{"model": "m"}', "the request has no messages"),
        (b'{"model": "m", "messages": []}', "messages: expected `array` of length >= 1"),
        (b'{"model": "m", "messages": [{"role": "robot", "content": "x"}]}', "messages[0].role: give one of"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "temperature": -1}', "temperature:"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 0}', "max_tokens:"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "n": 9}', "n: expected `int` <= 8"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "num_ctx": 9}', "`num_ctx` is not a field"),
        (b'{"tools": ' + b"[" * 100_000, "the request is not JSON"),
    ],
)
def test_a_request_with_a_mistake_is_a_400_that_says_which(address, http, body, words):
    answer = http.post(address.url + "/chat/completions", content=body)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]["message"]
    assert "\n" not in answer.json()["error"]["message"]


def test_a_request_without_an_end_is_cut_off(address, http):
    answer = http.post(address.url + "/chat/completions", content=b" " * 5_000_000)
    assert answer.status_code == 413


def test_a_prompt_longer_than_the_context_begins_as_clients_know_it(client, base):
    with pytest.raises(openai.BadRequestError) as refusal:
        ask(client, base, messages=[{"role": "user", "content": "word " * 600}])
    assert refusal.value.body["message"].startswith("This model's maximum context length is 512 tokens")
    assert refusal.value.code == "context_length_exceeded"


def batches(address, http):
    return http.get(address.url.removesuffix("/v1") + "/health").json()["batches"]


def test_base_and_tuned_asked_at_once_are_one_batch_and_answer_as_alone(address, client, http, base, tuned, embedded):
    alone = [text_of(ask(client, model, max_tokens=40)) for model in (base, tuned)]
    before = batches(address, http)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda model: text_of(ask(client, model, max_tokens=40)), (base, tuned)))
    assert together == alone
    assert batches(address, http) == before + 1


def test_different_settings_share_a_batch_too(address, client, http, base, tuned, embedded):
    settings = [{"temperature": 0}, {"temperature": 1.0, "seed": 3}, {"max_tokens": 5}]
    alone = [text_of(ask(client, base, **each)) for each in settings]
    before = batches(address, http)
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda each: text_of(ask(client, base, **each)), settings))
    assert together == alone
    assert batches(address, http) < before + 3


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_its_row(address, http, box, base, stream, engine):
    number = batches(address, http) + 1 if engine == "embedded" else 0
    body = {"model": base, "messages": QUESTION, "temperature": 0, "max_tokens": 460, "stream": stream}
    if stream:
        with http.stream("POST", address.url + "/chat/completions", json=body) as answer:
            next(answer.iter_lines())
    else:
        with pytest.raises(httpx.ReadTimeout):
            http.post(address.url + "/chat/completions", json=body, timeout=0.05)
    health, deadline = address.url.removesuffix("/v1") + "/health", time.monotonic() + 20
    while http.get(health).json()["busy"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    if engine != "embedded":
        return
    log = server_state.inspect(box).log
    while not (line := re.search(rf"batch {number}: (\d+) tokens \((\w+)\)", log.read_text())):
        assert time.monotonic() < deadline, log.read_text()[-300:]
        time.sleep(0.05)
    assert line[2] == "cancelled"
    assert int(line[1]) < 460


def test_the_log_holds_no_question_and_no_key(address, client, box, base):
    ask(client, base, messages=[{"role": "user", "content": "my secret butterfly"}])
    log = server_state.inspect(box).log.read_text()
    assert "butterfly" not in log
    assert address.key not in log


def test_the_role_developer_is_taken_as_system(client, base):
    def answer(role):
        messages = [{"role": role, "content": "You are a pirate."}, *QUESTION]
        return ask(client, base, messages=messages)

    one, other = answer("developer"), answer("system")
    assert text_of(one) == text_of(other)
    assert one.usage.prompt_tokens == other.usage.prompt_tokens
