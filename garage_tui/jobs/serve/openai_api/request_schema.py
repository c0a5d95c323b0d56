"""A checked request for an answer: of `/v1/chat/completions` or `/v1/completions`; every error is a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.json_text import read_any_json
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.sanitize import one_line, quoted
from garage_tui.jobs.serve.generation import GenerationOptions
from garage_tui.jobs.serve.openai_api.request_fields import (
    CHAT,
    COMPLETIONS,
    BadFieldError,
    EngineName,
    Route,
    check_fields,
)
from garage_tui.jobs.serve.openai_api.request_messages import read_messages, without_tools

DEFAULT_MAX_TOKENS = 512
"""Most tokens of a chat answer where the client names no limit: a small model may never end by itself."""
DEFAULT_COMPLETION_TOKENS = 16
"""The same for `/v1/completions`: OpenAI's default."""
DEFAULT_TEMPERATURE = 0.0
"""Where the client names none: the most likely word is the taught one."""
_MAX_PROMPTS = 128


@dataclass(frozen=True)
class ChatRequest:
    """A request, in OpenAI's names."""

    route: Route
    fields: Mapping[str, Any]
    """What was checked: only fields that have an effect. The content of each message is one text."""
    unable: str = field(default="")
    """What a model that reads text only cannot do with the newest message: `see pictures`; empty where it can all."""
    compare_openings: bool = False
    """Whether the answer may take the most probable of several openings (`jobs/serve/openings.py`)."""

    @property
    def model(self) -> str:
        return str(self.fields["model"])

    @property
    def stream(self) -> bool:
        return bool(self.fields.get("stream"))

    @property
    def wants_usage(self) -> bool:
        return bool(self.fields.get("stream_options", {}).get("include_usage"))

    @property
    def choices(self) -> int:
        """How many answers are requested to each prompt."""
        return int(self.fields.get("n", 1))

    @property
    def echo(self) -> bool:
        return bool(self.fields.get("echo"))

    @property
    def max_tokens(self) -> int | None:
        """The limit that the client names."""
        limit = self.fields.get("max_completion_tokens", self.fields.get("max_tokens"))
        return None if limit is None else int(limit)

    @property
    def top_logprobs(self) -> int | None:
        """How many other tokens each token is listed with; None where no log-probabilities are requested."""
        logprobs = self.fields.get("logprobs")
        if self.route == COMPLETIONS:
            return None if logprobs is None else int(logprobs)
        return int(self.fields.get("top_logprobs", 0)) if logprobs else None

    @property
    def prompts(self) -> list[str | list[int]]:
        """The prompts of `/v1/completions`: texts, or token ids."""
        return _prompts(self.fields["prompt"])

    def for_model(self, model: str, *, compare_openings: bool = False) -> ChatRequest:
        """Return the same request to another model."""
        return replace(self, fields={**self.fields, "model": model}, compare_openings=compare_openings)

    def body(self) -> bytes:
        """Return the request as JSON, for a server behind this one."""
        return msgspec.json.encode(self.fields)

    def chat(self) -> list[dict[str, str]]:
        """Return the messages as a chat template without tools takes them."""
        return without_tools(self.fields["messages"])

    def sampling(self, choice: int = 0) -> GenerationOptions:
        """Return the options of the answer with the index `choice`: each draws with a seed of its own."""
        fields = self.fields
        stop, seed = fields.get("stop", ()), fields.get("seed")
        default = DEFAULT_MAX_TOKENS if self.route == CHAT else DEFAULT_COMPLETION_TOKENS
        return GenerationOptions(
            max_tokens=default if self.max_tokens is None else self.max_tokens,
            temperature=fields.get("temperature", DEFAULT_TEMPERATURE),
            top_p=fields.get("top_p", 1.0),
            top_k=max(0, fields.get("top_k", 0)),
            min_p=fields.get("min_p", 0.0),
            repetition_penalty=fields.get("repetition_penalty", 1.0),
            presence_penalty=fields.get("presence_penalty", 0.0),
            frequency_penalty=fields.get("frequency_penalty", 0.0),
            logit_bias=tuple((int(token), bias) for token, bias in fields.get("logit_bias", {}).items()),
            seed=None if seed is None else seed + choice,
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
            stop_tokens=frozenset(fields.get("stop_token_ids", ())),
            top_logprobs=self.top_logprobs,
            scores_prompt=self.echo and self.top_logprobs is not None,
        )


def read_request(body: bytes, engine: EngineName, route: Route = CHAT) -> ChatRequest:
    """Return the request in `body`.

    Raises:
        BadInputError: it is not JSON, has a wrong or unknown field, or one that `engine` does not obey.
    """
    try:
        request = _decoded(body)
    except msgspec.ValidationError as error:
        raise BadInputError(f"request: {str(error)[0].lower()}{str(error)[1:]}") from error
    except DAMAGED as error:
        raise BadInputError(f"the request is not JSON: {error}") from error
    fields = check_fields(request, route, engine)
    for name in ("model", "messages" if route == CHAT else "prompt"):
        if name not in fields:
            raise BadFieldError(name, f"the request has no {name}; add it")
    _check_together(fields, route)
    if "repeat_penalty" in fields:
        fields.setdefault("repetition_penalty", fields.pop("repeat_penalty"))
        fields.pop("repeat_penalty", None)
    unable = ""
    if route == CHAT:
        fields["messages"], unable = read_messages(fields["messages"])
    return ChatRequest(route, fields, unable)


def _decoded(body: bytes) -> dict[str, Any]:
    """Return the object that JSON holds, with a `�` for half of an emoji: clients that shorten a text cut one in two.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not JSON, or no object.
    """
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        try:
            whole = json.dumps(read_any_json(body)) if b"\\ud" in body.lower() else ""
        except ValueError:
            whole = ""
        if not whole:
            raise
    return msgspec.json.decode(whole, type=dict[str, Any])


def _check_together(fields: Mapping[str, Any], route: Route) -> None:
    """Check what depends on the route or on another field."""
    is_flag = isinstance(fields.get("logprobs", route == CHAT), bool)
    if is_flag != (route == CHAT) and "logprobs" in fields:
        kind = "true or false" if route == CHAT else "a number from 0 to 20"
        raise BadFieldError("logprobs", f"logprobs: give {kind}")
    if "top_logprobs" in fields and not fields.get("logprobs") and fields["top_logprobs"]:
        raise BadFieldError("top_logprobs", "top_logprobs needs logprobs: true")
    if fields.get("max_tokens") == 0 and not fields.get("echo"):
        raise BadFieldError("max_tokens", "max_tokens: 0 is for `echo` alone; give 1 or more")
    if "prompt" in fields and not (len(_prompts(fields["prompt"])) <= _MAX_PROMPTS and _are_prompts(fields["prompt"])):
        raise BadFieldError("prompt", f"prompt: expected a text, tokens, or a list of up to {_MAX_PROMPTS} of them")
    for name, value in fields.get("stream_options", {}).items():
        if name not in ("include_usage", "include_obfuscation") or not isinstance(value, bool):
            raise BadFieldError("stream_options", "stream_options: give include_usage: true or false")
    if "response_format" in fields:
        _check_format(fields["response_format"])
    for token in fields.get("logit_bias", {}):
        if not token.isdecimal() or len(token) > 9:
            raise BadFieldError("logit_bias", f"logit_bias: {quoted(token, 20)} is not the id of a token")
    if fields.get("tools") and fields.get("tool_choice") == "none":
        return
    if "tool_choice" in fields and not fields.get("tools") and fields["tool_choice"] not in ("none", "auto"):
        raise BadFieldError("tool_choice", "tool_choice needs tools")


def _check_format(form: Mapping[str, Any]) -> None:
    """Check that an engine will find what it is to obey; one of them takes an unknown form for no form."""
    kind, table = form.get("type"), form.get("json_schema")
    if kind not in ("text", "json_object", "json_schema"):
        raise BadFieldError("response_format", "response_format.type: give one of text, json_object, json_schema")
    if kind == "json_schema" and not isinstance(table.get("schema") if isinstance(table, dict) else None, dict):
        raise BadFieldError("response_format", "response_format.json_schema: give its `schema`, an object")
    known = {"type", "json_schema"} if kind == "json_schema" else {"type"}
    if unknown := sorted(form.keys() - known):
        name = one_line(unknown[0], 60)
        hint = "; give a schema with the type json_schema" if name in ("schema", "json_schema") else "; leave it out"
        raise BadFieldError("response_format", f"response_format.{name} does not go with the type {kind}{hint}")


def _prompts(prompt: Any) -> list[str | list[int]]:
    return [prompt] if isinstance(prompt, str) or isinstance(prompt[0], int) else list(prompt)


def _are_prompts(prompt: Any) -> bool:
    """Return whether all prompts are texts, or all are lists of token ids; none may be empty."""
    found = _prompts(prompt)
    if all(isinstance(each, str) and each for each in found):
        return True
    return all(
        isinstance(each, list) and each and all(type(token) is int and token >= 0 for token in each) for each in found
    )
