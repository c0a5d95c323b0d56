"""What is changed or refused in a request before the inference server behind ours gets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.chat.sampling_params import GREEDY_BELOW
from garage_tui.core.models.special_tokens import read_special_tokens


def prepare(body: bytes, base: Path) -> bytes:
    """Return a request as vLLM is to get it.

    The role `developer`, which no template knows, becomes `system`; a temperature that is as good as 0 becomes 0.

    Args:
        body: JSON that `request_schema.read_routing` has read.
        base: the base model's folder.

    Raises:
        BadInputError: a message spells out a special token of the model: vLLM would take it for the real one.
        GarageError: the files of the model's tokenizer cannot be read.
    """
    request = json.loads(body)
    if found := spelled_tokens(request, base):
        raise BadInputError(
            f"messages: {found[0]} is a special token of this model, and vLLM would take it for the real one; "
            "leave it out, or use `garage serve --engine embedded`, which takes it as text"
        )
    renamed = rename_developer(request)
    temperature = request.get("temperature")
    greedy = isinstance(temperature, float) and 0 < temperature < GREEDY_BELOW
    if greedy:
        request["temperature"] = 0
    return json.dumps(request).encode() if renamed or greedy else body


def spelled_tokens(request: dict[str, Any], base: Path) -> list[str]:
    """Return the special tokens of a base that the messages of a request spell out.

    Raises:
        GarageError: the files of the model's tokenizer cannot be read.
    """
    return read_special_tokens(base).find(*_texts([message.get("content") for message in _messages(request)]))


def rename_developer(request: dict[str, Any]) -> bool:
    """Give the role `developer`, which no template knows, the name `system`; return whether there was one."""
    found = [message for message in _messages(request) if message.get("role") == "developer"]
    for message in found:
        message["role"] = "system"
    return bool(found)


def _messages(request: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in request.get("messages", ()) if isinstance(message, dict)]


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
