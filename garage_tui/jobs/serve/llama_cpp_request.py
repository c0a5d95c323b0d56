"""What is changed in a request before llama.cpp gets it, and in llama.cpp's errors before a client gets them."""

from __future__ import annotations

import json
from typing import Any

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.chat.sampling_params import GREEDY_BELOW
from garage_tui.jobs.serve.request_schema import DEFAULT_MAX_TOKENS
from garage_tui.jobs.serve.routes import RequestRefusedError
from garage_tui.jobs.serve.upstream_request import rename_developer

DEFAULTS = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "max_tokens": DEFAULT_MAX_TOKENS}
"""What OpenAI's API means where a client names none; llama.cpp has other defaults."""
_ITS_OWN = (
    "lora",
    "id_slot",
    "cache_prompt",
    "n_cache_reuse",
    "n_discard",
    "n_keep",
    "return_progress",
    "timings_per_token",
)
"""Fields with which a client could choose another adapter or take another one's conversation."""
_TOO_LONG = "exceed_context_size_error"


def prepare(body: bytes) -> dict[str, Any]:
    """Return a request as llama.cpp is to get it: no field of it changes the adapter, and each has OpenAI's default.

    Args:
        body: JSON that was checked.
    """
    request: dict[str, Any] = json.loads(body)
    for name in _ITS_OWN:
        request.pop(name, None)
    rename_developer(request)
    if request.get("max_completion_tokens") is not None:
        request["max_tokens"] = request["max_completion_tokens"]
    for name, value in DEFAULTS.items():
        if request.get(name) is None:
            request[name] = value
    if 0 < request["temperature"] < GREEDY_BELOW:
        request["temperature"] = 0
    return request


class LlamaCppAnswer:
    """An `upstream.Rewriter`: llama.cpp's errors in OpenAI's form."""

    def event(self, data: bytes) -> bytes:
        if not data.startswith(b'{"error"'):
            return data
        _, code, message = _described(data)
        error = {"message": message, "type": "server_error", "param": None, "code": code}
        return json.dumps({"error": error}).encode()

    def whole(self, status: int, body: bytes) -> bytes:
        if status == 200:
            return body
        new_status, code, message = _described(body)
        raise RequestRefusedError(new_status, code, message)


def _described(body: bytes) -> tuple[int, str, str]:
    """Return status, code and text of an error of llama.cpp."""
    try:
        error = json.loads(body)["error"]
        status, kind, message = int(error["code"]), str(error["type"]), one_line(str(error["message"]), 300)
    except (ValueError, KeyError, TypeError):
        return 500, "server_error", "llama.cpp failed without a reason; see the server's log"
    if kind == _TOO_LONG:
        text = f"This model's maximum context length is {error.get('n_ctx')} tokens, but the messages have "
        return 400, "context_length_exceeded", f"{text}{error.get('n_prompt_tokens')}: shorten them"
    if "Context size has been exceeded" in message:
        return 503, "server_error", "the conversations that are answered now are too long together; ask again"
    return (status, "bad_request", message) if status < 500 else (500, "server_error", message)
