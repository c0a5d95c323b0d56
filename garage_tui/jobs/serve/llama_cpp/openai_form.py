"""What is changed in an answer of llama.cpp's server, which has some of it in another form than OpenAI's API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from garage_tui.jobs.serve.openai_api.answer_format import completion_logprobs
from garage_tui.jobs.serve.openai_api.request_fields import COMPLETIONS, BadFieldError
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest


def check_streamed(request: ChatRequest) -> None:
    """Check what llama.cpp's server would stream in another form.

    Raises:
        BadFieldError: the request streams log-probabilities from `/v1/completions`.
    """
    if request.route == COMPLETIONS and request.stream and request.top_logprobs is not None:
        raise BadFieldError(
            "logprobs", "logprobs: llama.cpp does not stream them from /v1/completions; leave stream out"
        )


def in_openais_form(request: ChatRequest, body: bytes) -> bytes:
    """Return a whole answer of `/v1/completions` with its log-probabilities in the form of that route.

    Args:
        body: llama.cpp's answer: a JSON object, with log-probabilities as the chat has them.
    """
    if request.route != COMPLETIONS or request.top_logprobs is None:
        return body
    answer = json.loads(body)
    for choice in answer["choices"]:
        entries = (choice.get("logprobs") or {}).get("content") or []
        scores = [(entry["token"], entry["logprob"], _by_text(entry, request.top_logprobs)) for entry in entries]
        choice["logprobs"] = completion_logprobs(scores)
    return json.dumps(answer, ensure_ascii=False).encode()


def _by_text(entry: Mapping[str, Any], top: int) -> dict[str, float]:
    return {other["token"]: other["logprob"] for other in entry.get("top_logprobs", [])[:top]}
