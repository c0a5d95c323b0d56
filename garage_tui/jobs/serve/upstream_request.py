"""What is changed or refused in a request before the inference server behind ours gets it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.chat.sampling_params import GREEDY_BELOW
from garage_tui.core.models.special_tokens import read_special_tokens
from garage_tui.jobs.serve.base_tokenizer import base_tokenizer
from garage_tui.jobs.serve.openai_api.request_fields import BadFieldError, EngineName
from garage_tui.jobs.serve.openai_api.request_messages import without_tools
from garage_tui.jobs.serve.openai_api.request_schema import (
    DEFAULT_COMPLETION_TOKENS,
    DEFAULT_MAX_TOKENS,
    DEFAULT_TEMPERATURE,
)

_LLAMA_CPP_DEFAULTS: Mapping[str, Any] = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
"""llama.cpp has other ones, which change an answer that a client requests by its temperature alone."""
_LLAMA_CPP_PENALISED = 65_536
"""How many of the last tokens llama.cpp's penalties count; its default is 64."""
_TOKENIZER, _CONFIG, _TOKENIZER_CONFIG, _TEMPLATE = (
    "tokenizer.json",
    "config.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)


def prepare(body: bytes, base: Path, engine: EngineName = "vllm") -> bytes:
    """Return a request as the server of an engine is to get it, in that server's names.

    A temperature that is missing or as good as 0 becomes 0. Token ids that end the answer are dropped where the
    vocabulary does not have them.

    Args:
        body: JSON of a checked request (`request_schema.ChatRequest.body`).
        base: the base model's folder.
        engine: of the server.

    Raises:
        BadInputError: a message spells out a special token of the model, which vLLM would take for the real one, or the
            request uses what this base or server cannot do.
        GarageError: the files of the model's tokenizer cannot be read.
    """
    request: dict[str, Any] = json.loads(body)
    if engine == "vllm" and (found := spelled_tokens(request, base)):
        raise BadInputError(
            f"messages: {found[0]} is a special token of this model, and vLLM would take it for the real one; "
            "leave it out, or use `garage serve --engine embedded`, which takes it as text"
        )
    if "messages" in request:
        _fit_tools(request, base)
    request.setdefault("temperature", DEFAULT_TEMPERATURE)
    if request["temperature"] < GREEDY_BELOW:
        request["temperature"] = 0
    if not request.get("stream"):
        request.pop("stream_options", None)  # asks for nothing; vLLM refuses it
    _check_tokens(request, base)
    stop_tokens = [token for token in request.pop("stop_token_ids", []) if token < vocabulary_size(base)]
    if engine == "vllm":
        if stop_tokens:
            request["stop_token_ids"] = stop_tokens
        if request.get("n", 1) > 1 and not request["temperature"]:
            request |= {"temperature": 1.0, "top_k": 1}  # the same, which vLLM takes of several answers
    else:
        _for_llama_cpp(request, stop_tokens, base)
    return json.dumps(request).encode()


def vocabulary_size(base: Path) -> int:
    """Return how many tokens a model has; where its files do not say, as many as there can be."""
    size = _json(base / _CONFIG).get("vocab_size")
    if isinstance(size, int):
        return size
    tokenizer = _tokenizer(base)
    return tokenizer.get_vocab_size() if tokenizer else 2**31


def knows_tools(base: Path) -> bool:
    """Return whether the chat template of a model has a part for tools."""
    file = base / _TEMPLATE
    template = file.read_text(errors="replace") if file.is_file() else ""
    return "tools" in template or "tools" in json.dumps(_json(base / _TOKENIZER_CONFIG).get("chat_template"))


def spelled_tokens(request: Mapping[str, Any], base: Path) -> list[str]:
    """Return the special tokens of a base that the messages of a request spell out.

    Raises:
        GarageError: the files of the model's tokenizer cannot be read.
    """
    texts = _texts([message.get("content") for message in request.get("messages", ())])
    return read_special_tokens(base).find(*texts)


def _fit_tools(request: dict[str, Any], base: Path) -> None:
    if knows_tools(base):
        return
    if request.get("tools") and request.get("tool_choice") != "none":
        raise BadFieldError(
            "tools", "tools: this base model was not made for tools (its chat template has none); leave them out"
        )
    request.pop("tools", None)
    request.pop("tool_choice", None)
    request["messages"] = without_tools(request["messages"])


def _check_tokens(request: Mapping[str, Any], base: Path) -> None:
    """Check that all token ids of a request are in the vocabulary of its model.

    Raises:
        BadFieldError: one is not.
    """
    found = (("logit_bias", map(int, request.get("logit_bias", ()))), ("prompt", _prompt_tokens(request)))
    for name, tokens in found:
        largest = max(tokens, default=0)
        if largest and largest >= (size := vocabulary_size(base)):
            raise BadFieldError(name, f"{name}: {largest} is no token of this model, which has {size}")


def _prompt_tokens(request: Mapping[str, Any]) -> Iterator[int]:
    """Yield the token ids that a prompt is made of; a text has none."""
    prompt = request.get("prompt", "")
    for each in prompt if isinstance(prompt, list) else ():
        yield from (token for token in (each if isinstance(each, list) else [each]) if isinstance(token, int))


def _for_llama_cpp(request: dict[str, Any], stop_tokens: Sequence[int], base: Path) -> None:
    """Spell a request as llama.cpp's server does, which ignores what it does not know."""
    request.update({name: value for name, value in _LLAMA_CPP_DEFAULTS.items() if name not in request})
    request["top_k"] = max(0, request["top_k"])
    if "repetition_penalty" in request:
        request["repeat_penalty"] = request.pop("repetition_penalty")
    if request.keys() & {"repeat_penalty", "presence_penalty", "frequency_penalty"}:
        request["repeat_last_n"] = _LLAMA_CPP_PENALISED
    if "max_completion_tokens" in request:
        request["max_tokens"] = request.pop("max_completion_tokens")
    default = DEFAULT_MAX_TOKENS if "messages" in request else DEFAULT_COMPLETION_TOKENS
    request.setdefault("max_tokens", default)  # its own is none
    if "prompt" in request and request.get("logprobs") == 0:
        request["logprobs"] = 1  # 0 is none at all there; the answer lists as many as the client requests
    if "seed" in request:
        request["seed"] %= 2**32 - 1  # the largest number means "another one each time"
    if "logit_bias" in request:
        request["logit_bias"] = [[int(token), bias] for token, bias in request["logit_bias"].items()]
    if texts := _stop_texts(stop_tokens, base):
        stop = request.get("stop", [])
        request["stop"] = [*([stop] if isinstance(stop, str) else stop), *texts]


def _stop_texts(stop_tokens: Sequence[int], base: Path) -> list[str]:
    """Return the texts of tokens that end an answer; special ones have none, and llama.cpp ends at them by itself."""
    tokenizer = _tokenizer(base) if stop_tokens else None
    texts = [tokenizer.decode([token]) for token in stop_tokens] if tokenizer else []
    return [text for text in texts if text and "\ufffd" not in text]


def _tokenizer(base: Path) -> Tokenizer | None:
    try:
        return base_tokenizer(base)
    except GarageError:  # without it tokens have no texts
        return None


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
