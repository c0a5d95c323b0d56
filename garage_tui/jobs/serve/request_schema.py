"""The request body of `/v1/chat/completions`, and its validation; every error is a sentence."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.jobs.serve.generation import GenerationOptions

T = TypeVar("T")
MAX_BODY = 4_000_000
"""Most bytes in a request: no model's context holds more."""
DEFAULT_MAX_TOKENS = 512
"""Most tokens of an answer where the client names no limit: a small model may never end by itself."""

Stop = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Tokens = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]


class ContentPart(msgspec.Struct, frozen=True):
    """A piece of a message's content; only text can be answered."""

    type: str
    text: str = ""


class ChatMessage(msgspec.Struct, frozen=True):
    role: Literal["system", "developer", "user", "assistant"]
    """OpenAI's newer clients say `developer` instead of `system`; chat templates know only `system`."""
    content: str | list[ContentPart]


class StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool = False


class ChatRequest(msgspec.Struct, frozen=True):
    """The request, in OpenAI's names. Other keys do not change an answer and are ignored."""

    model: str
    messages: Annotated[list[ChatMessage], msgspec.Meta(min_length=1, max_length=1000)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    stop: Stop | Annotated[list[Stop], msgspec.Meta(max_length=4)] | None = None
    # What would change an answer and is not supported is refused, never ignored.
    n: int | None = None
    logprobs: bool | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    logit_bias: dict[str, Any] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def chat(self) -> list[dict[str, str]]:
        """Return the messages as a chat template takes them."""
        return [
            {"role": "system" if message.role == "developer" else message.role, "content": _text(message.content)}
            for message in self.messages
        ]

    def sampling(self) -> GenerationOptions:
        stop = self.stop or ()
        return GenerationOptions(
            max_tokens=self.max_completion_tokens or self.max_tokens or DEFAULT_MAX_TOKENS,
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else self.top_p,
            seed=self.seed,
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
        )


class _Routing(msgspec.Struct, frozen=True):
    model: str
    messages: Annotated[list[Any], msgspec.Meta(min_length=1)]
    stream: bool | None = False


def read_routing(body: bytes) -> ChatRequest:
    """Return of the request in `body` only what a proxy needs: model and stream.

    Raises:
        BadInputError: it is not JSON, or lacks them.
    """
    found = _decoded(body, _Routing)
    return ChatRequest(model=found.model, messages=[ChatMessage("user", "")], stream=found.stream)


def read_request(body: bytes) -> ChatRequest:
    """Return the request in `body`.

    Raises:
        BadInputError: it is not JSON, has a wrong value, or uses an option that this server does not support.
    """
    request = _decoded(body, ChatRequest)
    unsupported = {
        "n": request.n not in (None, 1),
        "logprobs": request.logprobs,
        "tools": request.tools,
        "functions": request.functions,
        "response_format": (request.response_format or {}).get("type", "text") != "text",
        "logit_bias": request.logit_bias,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
    }
    for name, is_used in unsupported.items():
        if is_used:
            raise BadInputError(f"{name} is not supported by this server; leave it out")
    for message in request.messages:
        if not isinstance(message.content, str) and any(part.type != "text" for part in message.content):
            raise BadInputError("messages: this server supports text only")
    return request


def _decoded(body: bytes, type: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at ")
        where = key.strip("`").removeprefix("$").removeprefix(".")
        raise BadInputError(f"{where or 'request'}: {reason[0].lower()}{reason[1:]}") from error
    except DAMAGED as error:
        raise BadInputError(f"the request is not JSON: {error}") from error


def _text(content: str | list[ContentPart]) -> str:
    return content if isinstance(content, str) else "\n".join(part.text for part in content)
