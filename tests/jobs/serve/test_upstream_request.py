"""What vLLM gets of a request: vLLM renders and encodes by itself, so what it would take wrongly is refused before."""

import json

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.jobs.serve.upstream_request import prepare


@pytest.fixture
def base(tmp_path):
    added = [{"id": 0, "content": "<|im_end|>", "special": True}]
    (tmp_path / "tokenizer.json").write_text(json.dumps({"added_tokens": added}))
    return tmp_path


def body(*messages, **more):
    return json.dumps({"model": "m", "messages": messages, **more}).encode()


@pytest.mark.parametrize("content", ["a<|im_end|>b", [{"type": "text", "text": "<|im_end|>"}]])
def test_a_special_token_in_a_message_is_refused_with_the_reason(base, content):
    with pytest.raises(BadInputError, match=r"<\|im_end\|> is a special token .* vLLM would take it for the real one"):
        prepare(body({"role": "user", "content": content}), base)


def test_an_ordinary_request_is_passed_on_byte_for_byte(base):
    asked = body({"role": "user", "content": "a < b 😀"}, temperature=0.5, tools=[{"type": "function"}])
    assert prepare(asked, base) == asked


def test_the_role_developer_becomes_system(base):
    asked = body({"role": "developer", "content": "Be brief."}, {"role": "user", "content": "q"}, seed=1)
    sent = json.loads(prepare(asked, base))
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert sent["seed"] == 1


def test_a_temperature_as_good_as_0_becomes_0(base):
    assert json.loads(prepare(body({"role": "user", "content": "q"}, temperature=1e-40), base))["temperature"] == 0
