"""What clients send beside the question, spoken to a real server: it is obeyed or refused, and errors are OpenAI's."""

import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from garage_tui.core.serving import server_state
from tests.support.chat_requests import QUESTION, ask, text_of

PICTURE = [
    {"type": "text", "text": "What is on it?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
]


def complete(client, model, prompt, **settings):
    return client.completions.create(model=model, prompt=prompt, **{"max_tokens": 4, **settings})


def test_without_a_temperature_the_answer_is_the_most_likely_one(client, base):
    plain = client.chat.completions.create(model=base, messages=QUESTION, max_tokens=16)
    assert text_of(plain) == text_of(ask(client, base, temperature=0))
    model = client.models.retrieve(base).to_dict()
    assert model["default_sampling"] == {"temperature": 0}


def test_a_model_is_described_by_its_id_with_the_length_of_its_context(client, tuned, base):
    model = client.models.retrieve(tuned).to_dict()
    assert (model["id"], model["parent"], model["max_model_len"]) == (tuned, base, 512)
    with pytest.raises(openai.NotFoundError) as refusal:
        client.models.retrieve("nobody/knows")
    assert refusal.value.body["message"] == "The model `nobody/knows` does not exist."


def test_what_tinyllms_chatbot_sends_works(client, base):
    extra = {"stop_token_ids": [128001, 128009]}
    answer = ask(client, base, stream=True, extra_body=extra)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in answer) == text_of(ask(client, base))


def test_a_stop_token_of_the_vocabulary_ends_the_answer(client, base, tiny_model, engine):
    from transformers import AutoTokenizer

    whole = ask(client, base, logprobs=True)
    tokens = [entry.token for entry in whole.choices[0].logprobs.content]
    (stop,) = AutoTokenizer.from_pretrained(tiny_model)(tokens[3])["input_ids"][:1]
    answer = ask(client, base, extra_body={"stop_token_ids": [stop]})
    assert answer.choices[0].finish_reason == "stop"
    assert text_of(whole).startswith(text_of(answer))
    assert answer.usage.completion_tokens <= (3 if engine == "embedded" else 4)  # the others count the stop token


def test_several_answers_come_at_once_and_a_seed_repeats_them(client, base):
    def texts():
        answer = ask(client, base, n=3, temperature=1.2, seed=4)
        assert [choice.index for choice in answer.choices] == [0, 1, 2]
        return [choice.message.content for choice in answer.choices]

    first = texts()
    assert first == texts()
    assert len(set(first)) == 3
    assert first[1] == text_of(ask(client, base, temperature=1.2, seed=5))


def test_several_answers_without_a_temperature_are_all_the_likeliest(client, base):
    whole = ask(client, base, n=2, temperature=openai.omit)
    assert {choice.message.content for choice in whole.choices} == {text_of(ask(client, base))}


def test_a_prompt_is_scored_while_a_tuned_model_answers(client, base, tuned):
    alone = complete(client, base, "A garage is", echo=True, logprobs=1, max_tokens=1).choices[0].logprobs
    stream = ask(client, tuned, stream=True, max_tokens=100)
    next(iter(stream))
    beside = complete(client, base, "A garage is", echo=True, logprobs=1, max_tokens=1).choices[0].logprobs
    assert len(list(stream)) > 3
    assert beside.tokens == alone.tokens
    assert beside.token_logprobs[1:] == pytest.approx(alone.token_logprobs[1:], abs=1e-3)


def test_several_answers_are_streamed_by_their_index(client, base):
    whole = [choice.message.content for choice in ask(client, base, n=2, temperature=1, seed=1).choices]
    pieces = ["", ""]
    for chunk in ask(client, base, n=2, temperature=1, seed=1, stream=True):
        pieces[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert pieces == whole


def test_of_several_answers_all_tokens_are_counted(client, base):
    fields = {"n": 3, "temperature": 1, "seed": 1, "max_tokens": 4, "logit_bias": {"2": -100}}
    one, whole = ask(client, base, **{**fields, "n": 1}).usage, ask(client, base, **fields).usage
    chunks = list(ask(client, base, **fields, stream=True, stream_options={"include_usage": True}))
    assert one.completion_tokens <= whole.completion_tokens <= 12 and whole.completion_tokens > 4
    assert [chunk.choices for chunk in chunks if chunk.usage] == [[]], "they are counted once, at the end"
    for usage in (whole, chunks[-1].usage):
        assert usage.prompt_tokens == one.prompt_tokens
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
        assert abs(usage.completion_tokens - whole.completion_tokens) <= 3, "an engine may count the end tokens"


def test_several_prompts_are_streamed_and_their_tokens_counted(client, base, http, address):
    body = {"model": base, "prompt": ["Name a planet.", "A garage is"], "max_tokens": 3, "temperature": 0}
    alone = [client.completions.create(**{**body, "prompt": prompt}) for prompt in body["prompt"]]
    whole = client.completions.create(**body)
    assert [choice.text for choice in whole.choices] == [answer.choices[0].text for answer in alone]
    prompt_tokens = sum(answer.usage.prompt_tokens for answer in alone)
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (prompt_tokens, 6)
    assert all(choice.logprobs is None for choice in whole.choices)
    for options in (None, {"include_usage": True}):
        answer = http.post(f"{address.url}/completions", json={**body, "stream": True, "stream_options": options})
        *events, done = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
        chunks = [json.loads(event) for event in events]
        assert done == "[DONE]"
        texts = ["", ""]
        for choice in [choice for chunk in chunks for choice in chunk["choices"]]:
            texts[choice["index"]] += choice["text"]
        assert texts == [choice.text for choice in whole.choices]
        counted = [(chunk["choices"], chunk["usage"]["total_tokens"]) for chunk in chunks if chunk.get("usage")]
        assert counted == ([([], prompt_tokens + 6)] if options else [])


def test_log_probabilities_are_those_of_the_answers_tokens(client, base):
    choice = ask(client, base, logprobs=True, top_logprobs=3, max_tokens=5).choices[0]
    entries = choice.logprobs.content
    assert len(entries) == 5
    for entry in entries:
        assert len(entry.top_logprobs) == 3
        assert entry.logprob == entry.top_logprobs[0].logprob <= 0  # greedy: the likeliest
    streamed = ask(client, base, logprobs=True, max_tokens=5, stream=True)
    found = [entry for chunk in streamed if (probs := chunk.choices[0].logprobs) for entry in probs.content]
    assert [entry.token for entry in found] == [entry.token for entry in entries]


def test_top_k_of_1_and_a_high_min_p_leave_the_likeliest_token(client, base):
    greedy = text_of(ask(client, base))
    for fields in ({"top_k": 1}, {"min_p": 1.0}):
        assert text_of(ask(client, base, temperature=1.5, seed=1, extra_body=fields)) == greedy


@pytest.mark.parametrize(
    "fields",
    [
        {"repetition_penalty": 5.0},
        {"presence_penalty": 2.0},
        {"frequency_penalty": 2.0},
    ],
)
def test_a_penalty_leaves_fewer_tokens_that_repeat(client, base, fields):
    def different(**more):
        answer = ask(client, base, max_tokens=120, logprobs=True, **more)
        tokens = [entry.token for entry in answer.choices[0].logprobs.content]
        return len(set(tokens)) / len(tokens)

    assert different(extra_body=fields) > different()


def test_a_biased_token_is_chosen_or_never(client, base):
    first = complete(client, base, [10, 200], max_tokens=1).choices[0].text
    assert complete(client, base, [10, 200], max_tokens=1, logit_bias={"300": 100}).choices[0].text != first


def test_a_completion_goes_on_with_texts_and_tokens(client, base, tuned):
    one, other = complete(client, base, ["Once upon", "A day"]).choices
    assert (one.index, other.index) == (0, 1)
    assert complete(client, base, "Once upon").choices[0].text == one.text
    assert complete(client, tuned, "Once upon").choices[0].text != one.text
    echoed = complete(client, base, "Once upon", echo=True).choices[0].text
    assert echoed == "Once upon" + one.text


def test_the_log_likelihood_of_a_text_is_that_of_its_tokens_one_by_one(client, base, tuned, tiny_model, engine):
    """What lm-eval asks: the prompt's own tokens, each after those before it."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{tiny_model}/tokenizer.json")
    texts = {token: tokenizer.decode([token]) for token in range(tokenizer.get_vocab_size())}
    part = next(token for token, text in texts.items() if "\ufffd" in text)
    special = tokenizer.token_to_id("<|im_start|>")
    prompt = [10, part, special, *[token for token, text in texts.items() if text.isalnum()][3:5]]
    for model in (base,) if engine == "vllm" else (base, tuned):  # vLLM for processors fails over it with an adapter
        scored = complete(client, model, prompt, echo=True, logprobs=1, max_tokens=0).choices[0].logprobs
        assert scored.token_logprobs[0] is None
        assert len(scored.tokens) == len(scored.text_offset) == 5
        with_answer = complete(client, model, prompt, echo=True, logprobs=1, max_tokens=1).choices[0].logprobs
        assert with_answer.token_logprobs[:5] == pytest.approx(scored.token_logprobs, nan_ok=True)
        for end in range(1, 5):
            biased = complete(client, model, prompt[:end], logprobs=0, max_tokens=1, logit_bias={str(prompt[end]): 100})
            alone = biased.choices[0].logprobs.token_logprobs
            if prompt[end] == special and not alone:
                continue  # it has no text, and some engines list none
            assert alone == [pytest.approx(scored.token_logprobs[end], abs=1e-3)]


@pytest.mark.parametrize("stream", [False, True])
def test_a_picture_is_answered_by_a_sentence_and_the_conversation_goes_on(client, base, stream):
    messages = [{"role": "user", "content": PICTURE}]
    answer = ask(client, base, messages=messages, stream=stream)
    text = "".join(c.choices[0].delta.content or "" for c in answer) if stream else text_of(answer)
    assert text == "This model reads text only; it cannot see pictures. Please describe it in words."
    later = [*messages, {"role": "assistant", "content": text}, *QUESTION]
    assert text_of(ask(client, base, messages=later)) not in ("", text)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [{"type": "function", "function": {"name": "clock"}}]}, "tools"),
        ({"extra_body": {"num_ctx": 4096}}, "num_ctx"),
        ({"extra_body": {"logit_bias": {"999999": 1}}}, "logit_bias"),
    ],
)
def test_what_is_not_obeyed_is_refused_by_its_name(client, base, fields, param, embedded):
    with pytest.raises(openai.BadRequestError) as refusal:
        ask(client, base, **fields)
    assert refusal.value.param == param
    assert refusal.value.code == "bad_request"


@pytest.mark.parametrize(
    "path",
    ["/v1/embeddings", "/v1/responses", "/v1/audio/speech", "/v1/audio/translations", "/v1/images/edits",
     "/v1/messages", "/v1/files/file-1/content", "/v1/rerank", "/api/chat", "/api/generate", "/chat/completions"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_other_parts_of_the_api_are_refused_with_a_sentence(address, http, method, path):
    answer = http.request(method, address.url.removesuffix("/v1") + path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_supported")
    assert answer.json()["error"]["message"].startswith("this server ")


def test_a_schema_that_is_none_is_refused_by_the_fields_name(client, base, engine):
    if engine != "llama.cpp":
        pytest.skip("another engine words it by itself")
    schema = {"type": "object", "properties": {"city": {"type": "nonsense"}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    with pytest.raises(openai.BadRequestError, match=r"response_format: the schema is wrong.*nonsense") as refusal:
        ask(client, base, response_format=form)
    assert refusal.value.param == "response_format"


def test_a_prompt_of_tokens_that_the_model_does_not_have_is_refused(client, base):
    with pytest.raises(openai.BadRequestError, match="prompt: 999999 is no token of this model") as refusal:
        client.completions.create(model=base, prompt=[1, 999999])
    assert refusal.value.param == "prompt"


def test_a_wrong_method_is_a_405_that_names_the_right_one(address, http):
    answer = http.get(address.url + "/chat/completions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_health_answers_without_the_key_and_tells_nothing_else(address):
    answer = httpx.get(address.url.removesuffix("/v1") + "/health", trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_client_that_leaves_puts_no_traceback_into_the_log(address, box, base):
    """It leaves in the middle of its request, while it waits, and in the middle of the answer."""
    host = urlsplit(address.url)
    body = b'{"model": "%s", "messages": [{"role": "user", "content": "q"}], "max_tokens": 400, "stream": %s}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
    for stream, sent, waits in ((b"false", 20, 0), (b"false", None, 0), (b"true", None, 0), (b"true", None, 20)):
        data = body % (base.encode(), stream)
        with socket.create_connection((host.hostname, host.port), timeout=20) as connection:
            connection.sendall(head % (address.key.encode(), len(data)) + data[:sent])
            if waits:
                assert connection.recv(waits)
    health, headers = address.url.removesuffix("/v1") + "/health", {"Authorization": f"Bearer {address.key}"}
    deadline = time.monotonic() + 30
    while httpx.get(health, headers=headers, trust_env=False).json()["busy"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    log = server_state.inspect(box).log.read_text()
    assert "Traceback" not in log, log[-3000:]
