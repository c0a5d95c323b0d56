"""The messages of a chat request: checked, and as a chat template takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from garage_tui.jobs.serve.openai_api.request_fields import BadFieldError

_ROLES = ("system", "developer", "user", "assistant", "tool")
_TEXT_PARTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_ATTACHMENTS = {
    "image_url": "see pictures",
    "input_image": "see pictures",
    "image": "see pictures",
    "video_url": "see films",
    "input_audio": "hear sounds",
    "audio_url": "hear sounds",
    "file": "open files",
    "input_file": "open files",
}
_KEPT = ("tool_calls", "tool_call_id")


def read_messages(raw: Sequence[Any]) -> tuple[list[dict[str, Any]], str]:
    """Return the messages with one text as the content of each, and what the model cannot do with the last one.

    The role `developer`, which no template knows, becomes `system`; a content of null becomes an empty text. Pictures
    and other attachments are left out: those of earlier messages have had their answer, for those of the newest the
    second value says `see pictures` or the like. It is empty where there are none.

    Raises:
        BadFieldError: a message is no object, or has an unknown role or content.
    """
    messages, unable = [], ""
    for index, message in enumerate(raw):
        where = f"messages[{index}]"
        if not isinstance(message, Mapping):
            raise BadFieldError("messages", f"{where}: expected an object with role and content")
        role = message.get("role")
        if role not in _ROLES:
            raise BadFieldError("messages", f"{where}.role: give one of {', '.join(_ROLES)}")
        content, unable = _text(message.get("content"), where)
        if not content and message.get("content") is None and role in ("user", "system", "developer"):
            raise BadFieldError("messages", f"{where}.content: a message of the role {role} needs a text")
        _check_calls(message, where)
        kept = {name: message[name] for name in _KEPT if message.get(name)}
        messages.append({"role": "system" if role == "developer" else role, "content": content, **kept})
    return messages, unable


def _check_calls(message: Mapping[str, Any], where: str) -> None:
    """Check what a message says of tools.

    Raises:
        BadFieldError: its calls are no list of calls, or its id is no text.
    """
    calls = message.get("tool_calls") or []
    if not (isinstance(calls, list) and all(_names_function(call) for call in calls)):
        raise BadFieldError("messages", f"{where}.tool_calls: expected a list of calls, each with a function's name")
    if not isinstance(message.get("tool_call_id") or "", str):
        raise BadFieldError("messages", f"{where}.tool_call_id: expected a text")


def _names_function(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def without_tools(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return messages for a chat template that knows no tools: calls and results are texts of assistant and user."""
    plain = []
    for message in messages:
        calls = message.get("tool_calls")
        content = message["content"]
        if calls:
            content = "\n".join(part for part in (content, json.dumps(_calls(calls), ensure_ascii=False)) if part)
        plain.append({"role": "user" if message["role"] == "tool" else message["role"], "content": content})
    return plain


def _calls(calls: Any) -> Any:
    functions = (
        [call.get("function", call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    )
    return functions or calls


def _text(content: Any, where: str) -> tuple[str, str]:
    """Return the text of a message's content, and what a model that reads text only cannot do with the rest."""
    if content is None:
        return "", ""
    if isinstance(content, str):
        return content, ""
    if not isinstance(content, list):
        raise BadFieldError("messages", f"{where}.content: expected a text, a list of parts, or null")
    texts, unable = [], ""
    for number, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in _ATTACHMENTS:
            unable = unable or _ATTACHMENTS[kind]
            continue
        text = part.get(_TEXT_PARTS[kind]) if kind in _TEXT_PARTS else None
        if not isinstance(text, str):
            raise BadFieldError("messages", f"{where}.content[{number}]: expected a part of type `text` with a text")
        texts.append(text)
    return "\n".join(texts), unable
