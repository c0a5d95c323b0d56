"""The list of fields: each is checked, none is ignored, and each refusal names the field."""

import json

import msgspec
import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.jobs.serve.openai_api.request_fields import ALL, FIELDS, HARMLESS, BadFieldError, check_fields
from garage_tui.jobs.serve.openai_api.request_schema import read_request

GOOD = {
    "model": "m",
    "messages": [{"role": "user", "content": "q"}],
    "prompt": "q",
    "stream_options": {"include_usage": True},
    "stop": ["a", "b"],
    "stop_token_ids": [3, 128009],
    "logit_bias": {"3": -1.5},
    "response_format": {"type": "json_object"},
    "tools": [{"type": "function"}],
    "tool_choice": "auto",
    "chat_template_kwargs": {"x": 1},
    "best_of": 1,
    "suffix": "",
    "reasoning_effort": "none",
    "modalities": ["text"],
    "functions": [],
    "function_call": "none",
}
"""A value of each field for which 1 is none."""


def request(**fields):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "q"}], **fields}).encode()


def completion(**fields):
    return json.dumps({"model": "m", "prompt": "q", **fields}).encode()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_field_takes_a_good_value_and_refuses_a_bad_one_by_its_name(field):
    value = GOOD.get(field.name, True if field.kind is bool else 1)
    assert msgspec.convert(value, field.kind) == value
    for bad in ({"a": object}, 1.5e9, [None]):
        if field.name in ("messages", "prompt", "functions") and isinstance(bad, list):
            continue  # their items are checked later
        if isinstance(bad, dict) and field.name in ("stream_options", "response_format", "chat_template_kwargs"):
            continue
        if isinstance(bad, dict) and field.name in ("tool_choice", "function_call"):
            continue
        with pytest.raises(BadFieldError, match=field.name) as refusal:
            check_fields({field.name: bad}, field.routes[0], "embedded")
        assert refusal.value.param == field.name


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@pytest.mark.parametrize("engine", ALL)
def test_a_field_is_kept_or_refused_but_never_dropped(field, engine):
    value = GOOD.get(field.name, True if field.kind is bool else 1)
    obeys = engine in field.engines
    if not obeys and not field.is_neutral(value):
        with pytest.raises(BadFieldError, match=rf"^{field.name} is not supported"):
            check_fields({field.name: value}, field.routes[0], engine)
    else:
        assert check_fields({field.name: value}, field.routes[0], engine) == ({field.name: value} if obeys else {})


def test_names_are_there_once():
    names = [field.name for field in FIELDS]
    assert len(names) == len(set(names))
    assert not set(names) & set(HARMLESS)


@pytest.mark.parametrize("name", ["num_ctx", "options", "n_predict", "guided_json", "prompt", "x" * 500, "a\nb"])
def test_an_unknown_field_is_refused_by_its_name_in_one_line(name):
    with pytest.raises(BadFieldError, match="is not a field that this server knows") as refusal:
        read_request(request(**{name: 1}), "embedded")
    assert len(str(refusal.value)) < 150
    assert "\n" not in str(refusal.value)


def test_harmless_fields_and_null_have_no_effect():
    fields = {**dict.fromkeys(HARMLESS, "x"), "temperature": None, "stop": None, "tools": None, "n": None}
    assert read_request(request(**fields), "embedded").fields.keys() == {"model", "messages"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"logprobs": 3}, "logprobs: give true or false"),
        ({"top_logprobs": 3}, "top_logprobs needs logprobs"),
        ({"logit_bias": {"the": 1}}, "logit_bias: 'the' is not the id of a token"),
        ({"max_tokens": 0}, "max_tokens: 0 is for `echo` alone"),
        ({"stream_options": {"chunk_size": 3}}, "stream_options: give include_usage"),
        ({"n": True}, "n: expected `int`, got `bool`"),
        ({"seed": 2**63}, "seed: "),
        ({"stop": ""}, "stop: "),
        ({"temperature": "warm"}, "temperature: expected `float`"),
        ({"messages": [{"role": "user", "content": None}]}, r"messages\[0\].content: .* needs a text"),
        ({"messages": [{"role": "user", "content": [{"type": "poem"}]}]}, r"messages\[0\].content\[0\]: expected"),
        ({"messages": ["q"]}, r"messages\[0\]: expected an object"),
    ],
)
def test_a_wrong_value_is_named(fields, text):
    with pytest.raises(BadInputError, match=text):
        read_request(request(**fields), "embedded")


@pytest.mark.parametrize(
    "prompt", [[], [[]], [""], "", ["a", 1], [1, "a"], [1, -1], [1.5], {"a": 1}, [[1], "a"], [True]]
)
def test_a_prompt_that_is_none_is_refused(prompt):
    with pytest.raises(BadFieldError, match="prompt: "):
        read_request(completion(prompt=prompt), "embedded", "completions")


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [("a", ["a"]), (["a", "b"], ["a", "b"]), ([1, 2], [[1, 2]]), ([[1], [2, 3]], [[1], [2, 3]])],
)
def test_a_prompt_is_a_text_or_tokens_or_several(prompt, prompts):
    assert read_request(completion(prompt=prompt), "embedded", "completions").prompts == prompts


def test_defaults_keep_facts_and_cut_nothing():
    options = read_request(request(), "embedded").sampling()
    assert (options.temperature, options.top_p, options.top_k, options.min_p) == (0, 1, 0, 0)
    assert options.max_tokens == 512
    assert read_request(completion(), "embedded", "completions").sampling().max_tokens == 16


def test_a_clients_own_temperature_wins():
    assert read_request(request(temperature=0.7), "embedded").sampling().temperature == 0.7


def test_of_several_answers_each_has_a_seed_of_its_own():
    found = read_request(request(n=3, seed=5), "embedded")
    assert [found.sampling(choice).seed for choice in range(found.choices)] == [5, 6, 7]


def test_both_names_of_the_repetition_penalty_are_one():
    assert read_request(request(repeat_penalty=1.2), "vllm").fields["repetition_penalty"] == 1.2


def test_roles_and_contents_become_what_a_template_takes():
    call = {"id": "1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None},
        {"role": "tool", "content": "noon", "tool_call_id": "1"},
    ]
    found = read_request(request(messages=messages), "embedded")
    assert found.chat() == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a\nb"},
        {"role": "assistant", "content": '[{"name": "clock", "arguments": "{}"}]'},
        {"role": "user", "content": "noon"},
    ]
    assert found.fields["messages"][2]["tool_calls"] == [call]


PICTURE = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {}}]}


def test_a_picture_in_the_newest_message_is_noticed_and_earlier_ones_are_left_out():
    assert read_request(request(messages=[PICTURE]), "vllm").unable == "see pictures"
    later = [PICTURE, {"role": "assistant", "content": "I cannot."}, {"role": "user", "content": "Well?"}]
    found = read_request(request(messages=later), "vllm")
    assert found.unable == ""
    assert [message["content"] for message in found.chat()] == ["What is it?", "I cannot.", "Well?"]


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (r"a \ud83d b", "a \ufffd b"),
        (r"\uDE00", "\ufffd"),
        (r"\ud83e\udd8b \ud83e", "🦋 \ufffd"),
        (r"\\ud83d", r"\ud83d"),
    ],
)  # fmt: skip
def test_half_of_an_emoji_is_read_as_a_sign_that_stands_for_it(sent, taken):
    body = b'{"model": "m", "messages": [{"role": "user", "content": "%s"}]}' % sent.encode()
    assert read_request(body, "embedded").fields["messages"][0]["content"] == taken


@pytest.mark.parametrize("rest", ['"temperature": NaN', '"seed": ' + "9" * 5000, '"stop": '])
def test_half_of_an_emoji_makes_nothing_else_right(rest):
    body = r'{"model": "m", "messages": [{"role": "user", "content": "\ud83d"}], ' + rest + "}"
    with pytest.raises(BadInputError, match="the request"):
        read_request(body.encode(), "embedded")
