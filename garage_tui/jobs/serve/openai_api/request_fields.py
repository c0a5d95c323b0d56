"""The fields of a request: name, type and range, and which engine obeys them.

The one list from which requests are checked and the table in `docs/guide/clients.md` is made. No field is ignored: one
that the engine does not obey is refused by its name, unless its value asks for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from garage_tui.core.base.errors import BadInputError

EngineName = Literal["embedded", "llama.cpp", "vllm"]
Route = Literal["chat", "completions"]
CHAT: Route = "chat"
COMPLETIONS: Route = "completions"
BOTH: tuple[Route, ...] = (CHAT, COMPLETIONS)
ALL: tuple[EngineName, ...] = ("embedded", "llama.cpp", "vllm")
PROXIED: tuple[EngineName, ...] = ("llama.cpp", "vllm")
VLLM_ONLY: tuple[EngineName, ...] = ("vllm",)
NONE: tuple[EngineName, ...] = ()
MAX_CHOICES = 8
"""Most answers to one request: the embedded engine computes so many in one batch."""

_Flag = bool
_Text = str
_Id = Annotated[int, msgspec.Meta(ge=0)]
_Stop = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_Tokens = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
_Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]
_Object = dict[str, Any]
_Bias = dict[str, Annotated[float, msgspec.Meta(ge=-100, le=100)]]


class BadFieldError(BadInputError):
    """A request with a wrong field; `param` is its name, as in OpenAI's errors."""

    def __init__(self, param: str, text: str) -> None:
        super().__init__(text)
        self.param = param


@dataclass(frozen=True)
class RequestField:
    """One field of a request."""

    name: str
    kind: Any
    """What msgspec checks its value against."""
    range: str
    """Type and range, for people."""
    effect: str
    """What it does, for people."""
    routes: tuple[Route, ...] = BOTH
    engines: tuple[EngineName, ...] = ALL
    """The engines that obey it; the others refuse it."""
    neutral: tuple[Any, ...] = ()
    """Values that ask for nothing: every engine takes them."""

    def is_neutral(self, value: Any) -> bool:
        return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in self.neutral)


def _field(
    name: str,
    kind: Any,
    range: str,
    effect: str,
    routes: tuple[Route, ...] = BOTH,
    engines: tuple[EngineName, ...] = ALL,
    neutral: tuple[Any, ...] = (),
) -> RequestField:
    return RequestField(name, kind, range, effect, routes, engines, neutral)


FIELDS: tuple[RequestField, ...] = (
    _field("model", _Text, "text", "the id of a model of `/v1/models`"),
    _field(
        "messages",
        Annotated[list[Any], msgspec.Meta(min_length=1, max_length=1000)],
        "1 to 1,000 messages",
        "the conversation; roles `system`, `developer`, `user`, `assistant`, `tool`",
        (CHAT,),
    ),
    _field(
        "prompt",
        Annotated[str, msgspec.Meta(min_length=1)] | Annotated[list[Any], msgspec.Meta(min_length=1)],
        "text, tokens, or a list of up to 128",
        "what the model goes on with; special tokens in it are real ones",
        (COMPLETIONS,),
    ),
    _field("stream", _Flag, "true, false", "the answer comes in pieces"),
    _field("stream_options", _Object, "object", "`include_usage`: the last piece counts the tokens"),
    _field("max_tokens", Annotated[int, msgspec.Meta(ge=0, le=1_000_000)], "1 to 1,000,000", "length limit in tokens"),
    _field("max_completion_tokens", _Tokens, "1 to 1,000,000", "the newer name of `max_tokens`", (CHAT,)),
    _field("temperature", Annotated[float, msgspec.Meta(ge=0, le=2)], "0 to 2", "0, the default, keeps facts"),
    _field("top_p", Annotated[float, msgspec.Meta(gt=0, le=1)], "above 0, to 1", "draw from the likely tokens alone"),
    _field(
        "top_k", Annotated[int, msgspec.Meta(ge=-1, le=1_000_000)], "-1 or 0 (off), 1 …", "draw from the k likeliest"
    ),
    _field("min_p", Annotated[float, msgspec.Meta(ge=0, le=1)], "0 (off) to 1", "least share of the likeliest token"),
    _field("seed", Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)], "whole number", "repeats a drawn answer"),
    _field(
        "stop",
        _Stop | Annotated[list[_Stop], msgspec.Meta(max_length=16)],
        "text, or up to 16 texts",
        "the answer ends before it",
    ),
    _field(
        "stop_token_ids",
        Annotated[list[_Id], msgspec.Meta(max_length=64)],
        "list of token ids",
        "the answer ends at such a token; ids outside the vocabulary are dropped",
    ),
    _field("presence_penalty", _Penalty, "-2 to 2", "against tokens that the answer has"),
    _field("frequency_penalty", _Penalty, "-2 to 2", "against tokens, for each time that the answer has them"),
    _field(
        "repetition_penalty",
        Annotated[float, msgspec.Meta(gt=0, le=10)],
        "above 0, to 10; 1: off",
        "against tokens of prompt and answer (`repeat_penalty` is the same)",
    ),
    _field("repeat_penalty", Annotated[float, msgspec.Meta(gt=0, le=10)], "above 0, to 10; 1: off", "see above"),
    _field("logit_bias", _Bias, "token id → -100 to 100", "is added to a token's score"),
    _field("n", Annotated[int, msgspec.Meta(ge=1, le=MAX_CHOICES)], f"1 to {MAX_CHOICES}", "so many answers"),
    _field(
        "logprobs",
        bool | Annotated[int, msgspec.Meta(ge=0, le=20)],
        "chat: true, false; completions: 0 to 20",
        "the tokens with their log-probabilities",
    ),
    _field("top_logprobs", Annotated[int, msgspec.Meta(ge=0, le=20)], "0 to 20", "as many other tokens", (CHAT,)),
    _field(
        "response_format",
        _Object,
        "`text`, `json_object`, `json_schema`",
        "JSON, of a schema where one is given",
        (CHAT,),
        PROXIED,
        ({"type": "text"},),
    ),
    _field(
        "tools", list[_Object], "list", "functions, where the base's chat template has them", (CHAT,), PROXIED, ([],)
    ),
    _field("tool_choice", str | _Object, "text or object", "goes with `tools`", (CHAT,), PROXIED, ("none", "auto")),
    _field("chat_template_kwargs", _Object, "object", "reaches the base's chat template", (CHAT,), PROXIED, ({},)),
    _field("echo", _Flag, "true, false", "the answer begins with the prompt", (COMPLETIONS,), ALL, (False,)),
    _field("best_of", Annotated[int, msgspec.Meta(ge=1)], "1", "more is refused", (COMPLETIONS,), NONE, (1,)),
    _field("suffix", _Text, "empty", "more is refused", (COMPLETIONS,), NONE, ("",)),
    _field("ignore_eos", _Flag, "true, false", "goes on after the model's end token", BOTH, PROXIED, (False,)),
    _field("min_tokens", Annotated[int, msgspec.Meta(ge=0)], "0 …", "shortest answer", BOTH, VLLM_ONLY, (0,)),
    _field("reasoning_effort", _Text, "`none`", "more is refused", (CHAT,), NONE, ("none",)),
    _field("modalities", list[str], '`["text"]`', "more is refused", (CHAT,), NONE, (["text"],)),
    _field("functions", list[Any], "empty", "more is refused: use `tools`", (CHAT,), NONE, ([],)),
    _field("function_call", str | _Object, "`none`", "more is refused: use `tool_choice`", (CHAT,), NONE, ("none",)),
)
HARMLESS: Mapping[str, str] = {
    "user": "a name for the client's own records",
    "metadata": "notes for the client's own records",
    "store": "nothing is ever stored",
    "safety_identifier": "a name for the client's own records",
    "service_tier": "there is one",
    "parallel_tool_calls": "a permission, which need not be used",
    "prediction": "a help to be faster",
    "prompt_cache_key": "a help to be faster",
    "prompt_cache_retention": "a help to be faster",
    "cache_prompt": "a help to be faster",
    "keep_alive": "the server's own settings decide that",
    "timings_per_token": "more figures beside the answer",
    "return_progress": "more figures beside the answer",
}
"""Fields that change no answer, and why; they are taken and have no effect."""
_BY_NAME = {field.name: field for field in FIELDS}


def check_fields(request: Mapping[str, Any], route: Route, engine: EngineName) -> dict[str, Any]:
    """Return the fields of a request that have an effect: without those that are null or harmless.

    Raises:
        BadFieldError: one is unknown, has a wrong value, or is not obeyed by the engine; the text names it.
    """
    kept: dict[str, Any] = {}
    for name, value in request.items():
        field = _BY_NAME.get(name)
        if value is None or (field is None and name in HARMLESS):
            continue
        if field is None or route not in field.routes:
            raise BadFieldError(name, f"{_shown(name)} is not a field that this server knows; leave it out")
        value = _checked(field, value)
        if engine in field.engines:
            kept[name] = value
        elif not field.is_neutral(value):
            raise BadFieldError(name, _refusal(field, engine))
    return kept


def _refusal(field: RequestField, engine: EngineName) -> str:
    if not field.engines:
        return f"{field.name} is not supported by this server; leave it out"
    others = " and ".join(field.engines)
    return (
        f"{field.name} is not supported by the engine that runs here ({engine}; {others} can); "
        "leave it out, or choose the engine with `garage serve --engine ENGINE`"
    )


def _checked(field: RequestField, value: Any) -> Any:
    try:
        return msgspec.convert(value, field.kind)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at ")
        inner = where.strip("`").removeprefix("$")
        raise BadFieldError(field.name, f"{field.name}{inner}: {reason[0].lower()}{reason[1:]}") from error


def _shown(name: str) -> str:
    return f"`{name[:60]}`" if name.isprintable() else ascii(name[:60])
