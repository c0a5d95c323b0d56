"""What vLLM and llama.cpp get of a request: they render and encode by themselves, and each has names of its own."""

import json

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.jobs.serve.llama_cpp.openai_form import check_streamed, in_openais_form
from garage_tui.jobs.serve.openai_api.request_errors import upstream_error
from garage_tui.jobs.serve.openai_api.request_schema import read_request
from garage_tui.jobs.serve.upstream_request import prepare

TOKENIZER = {
    "version": "1.0",
    "added_tokens": [
        {
            "id": 0,
            "content": "<|im_end|>",
            "special": True,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
        }
    ],
    "model": {"type": "WordLevel", "vocab": {"<|im_end|>": 0, "yes": 1, "no": 2}, "unk_token": "no"},
}


@pytest.fixture
def base(tmp_path):
    (tmp_path / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    (tmp_path / "config.json").write_text('{"vocab_size": 3}')
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    return tmp_path


@pytest.fixture
def sent(base):
    """Returns what a server of an engine gets of a request."""

    def prepared(engine="vllm", messages=({"role": "user", "content": "q"},), **fields):
        body = json.dumps({"model": "m", "messages": list(messages), **fields}).encode()
        return json.loads(prepare(read_request(body, engine).body(), base, engine))

    return prepared


@pytest.mark.parametrize("content", ["a<|im_end|>b", [{"type": "text", "text": "<|im_end|>"}]])
def test_a_special_token_in_a_message_is_refused_with_the_reason(sent, content):
    with pytest.raises(BadInputError, match=r"<\|im_end\|> is a special token .* vLLM would take it for the real one"):
        sent(messages=[{"role": "user", "content": content}])


def test_an_ordinary_request_reaches_vllm_as_it_is(sent):
    assert sent(temperature=0.5, seed=1) == {
        "model": "m",
        "messages": [{"role": "user", "content": "q"}],
        "temperature": 0.5,
        "seed": 1,
    }


def test_the_role_developer_becomes_system(sent):
    found = sent(messages=[{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "q"}])
    assert [message["role"] for message in found["messages"]] == ["system", "user"]


@pytest.mark.parametrize("engine", ["vllm", "llama.cpp"])
@pytest.mark.parametrize("fields", [{}, {"temperature": None}, {"temperature": 1e-40}])
def test_without_a_temperature_it_is_0(sent, engine, fields):
    assert sent(engine, **fields)["temperature"] == 0


def test_stop_tokens_outside_the_vocabulary_are_dropped(sent):
    assert sent(stop_token_ids=[2, 128001, 128009])["stop_token_ids"] == [2]
    assert "stop_token_ids" not in sent(stop_token_ids=[128001, 128009])


def test_stop_tokens_are_texts_for_llama_cpp(sent):
    found = sent("llama.cpp", stop_token_ids=[0, 1, 128001], stop="end")
    assert found["stop"] == ["end", "yes"]
    assert "stop_token_ids" not in found


def test_llama_cpp_gets_its_own_names_and_none_of_its_own_defaults(sent):
    found = sent("llama.cpp", repetition_penalty=1.2, max_completion_tokens=9, seed=-1, logit_bias={"2": 1.5}, top_k=-1)
    assert (found["repeat_penalty"], found["repeat_last_n"]) == (1.2, 65_536)
    assert (found["max_tokens"], found["seed"]) == (9, 2**32 - 2)
    assert found["logit_bias"] == [[2, 1.5]]
    assert (found["top_k"], found["top_p"], found["min_p"]) == (0, 1.0, 0.0)


def test_a_bias_for_a_token_that_is_not_there_is_refused(sent):
    with pytest.raises(BadInputError, match="logit_bias: 3 is no token of this model, which has 3"):
        sent(logit_bias={"3": 1})


def test_tools_are_refused_where_the_base_has_none(sent, base):
    tools = [{"type": "function", "function": {"name": "clock"}}]
    with pytest.raises(BadInputError, match="tools: this base model was not made for tools"):
        sent(tools=tools)
    assert "tools" not in sent(tools=tools, tool_choice="none")
    (base / "chat_template.jinja").write_text("{% if tools %}{{ tools }}{% endif %}")
    assert sent(tools=tools)["tools"] == tools


def test_log_probabilities_of_llama_cpp_get_the_form_of_completions():
    request = read_request(b'{"model": "m", "prompt": "q", "logprobs": 1}', "llama.cpp", "completions")
    entries = [
        {"token": " a", "logprob": -0.5, "top_logprobs": [{"token": " a", "logprob": -0.5}]},
        {"token": "b", "logprob": -2.0, "top_logprobs": [{"token": "c", "logprob": -0.1}]},
    ]
    answer = {"choices": [{"index": 0, "text": " ab", "logprobs": {"content": entries}}]}
    found = json.loads(in_openais_form(request, json.dumps(answer).encode()))
    assert found["choices"][0]["logprobs"] == {
        "tokens": [" a", "b"],
        "token_logprobs": [-0.5, -2.0],
        "top_logprobs": [{" a": -0.5}, {"c": -0.1}],
        "text_offset": [0, 2],
    }


def test_log_probabilities_that_llama_cpp_would_stream_in_another_form_are_refused():
    request = read_request(b'{"model": "m", "prompt": "q", "logprobs": 1, "stream": true}', "llama.cpp", "completions")
    with pytest.raises(BadInputError, match=r"logprobs: llama\.cpp does not stream them"):
        check_streamed(request)


LLAMA_CPP = {
    "code": 400,
    "type": "exceed_context_size_error",
    "message": "request (5031 tokens) exceeds the available context size (2048 tokens), try increasing it",
    "n_prompt_tokens": 5031,
    "n_ctx": 2048,
}
VLLM = {
    "message": "This model's maximum context length is 512 tokens. However, you requested 605 tokens.",
    "type": "BadRequestError",
    "code": 400,
}


@pytest.mark.parametrize(
    ("error", "beginning"),
    [
        (LLAMA_CPP, "This model's maximum context length is 2048 tokens, but the prompt has 5031: "),
        (VLLM, "This model's maximum context length is 512 tokens. However"),
        (
            {"message": "The decoder prompt (length 605) is longer than the maximum model length of 512."},
            "This model's maximum context length is 512 tokens, but the prompt has more: ",
        ),
    ],
)
def test_every_engine_says_in_the_same_way_that_a_prompt_is_too_long(error, beginning):
    found = upstream_error(400, json.dumps({"error": error}).encode(), "the engine", 512)
    assert (found.status, found.code) == (400, "context_length_exceeded")
    assert found.message.startswith(beginning)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (422, b'{"detail": "x"}', (400, "bad_request", "vLLM answered with HTTP 422")),
        (400, b'{"error": {"message": "bad\\nfield", "param": "n"}}', (400, "bad_request", "bad field")),
        (500, b"<html>", (502, "server_error", "vLLM answered with HTTP 500")),
        (503, b'{"error": "loading"}', (503, "server_error", "loading")),
    ],
)
def test_other_errors_of_an_engine_have_openais_form(status, body, expected):
    found = upstream_error(status, body, "vLLM", None)
    assert (found.status, found.code, found.message) == expected


@pytest.mark.parametrize("temperature", [None, 0, 1e-9])
def test_several_likeliest_answers_are_worded_as_vllm_takes_them(sent, temperature):
    fields = sent(n=2, temperature=temperature)
    assert (fields["temperature"], fields["top_k"]) == (1.0, 1)
    assert "top_k" not in sent(n=2, temperature=0.5)
