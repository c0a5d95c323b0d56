"""Counts the tokens of a request with several answers, of which llama.cpp counts one alone.

A stream has the count of each answer where that ends. Of whole answers, the log-probabilities are counted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError
from garage_tui.jobs.serve.openai_api.request_fields import COMPLETIONS
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest


def has_several(question: ChatRequest) -> bool:
    """Return whether a request gets more than one answer."""
    return question.choices > 1 or (question.route == COMPLETIONS and len(question.prompts) > 1)


def order_counts(question: ChatRequest, fields: dict[str, Any]) -> None:
    """Add to a request for llama.cpp what makes its answers countable; `with_usage` removes that from them again."""
    if has_several(question) and not question.stream and question.top_logprobs is None:
        fields.update({"logprobs": 1} if "prompt" in fields else {"logprobs": True, "top_logprobs": 1})


async def tokenized(client: httpx.AsyncClient, prompt: str | Sequence[int]) -> list[int]:
    """Return the token ids of a prompt of `/v1/completions`.

    Args:
        client: of the worker.

    Raises:
        RequestRefusedError: the worker cannot read it.
        httpx.HTTPError: it does not answer.
    """
    if not isinstance(prompt, str):
        return list(prompt)
    answer = await client.post("/tokenize", json={"content": prompt, "add_special": True, "parse_special": True})
    if answer.status_code != 200:
        raise RequestRefusedError(502, "server_error", "llama.cpp cannot read this prompt; see the server's log")
    return [int(token) for token in answer.json()["tokens"]]


async def prompt_tokens(question: ChatRequest, client: httpx.AsyncClient) -> list[int]:
    """Return how many tokens each prompt of `/v1/completions` has. Raises as `tokenized`."""
    return [len(await tokenized(client, prompt)) for prompt in question.prompts]


def usage(prompt: int, completion: int) -> dict[str, int]:
    """Return the `usage` of an answer."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def with_usage(question: ChatRequest, body: bytes, prompt_tokens: Sequence[int]) -> bytes:
    """Return whole answers with the tokens of all of them.

    Args:
        body: llama.cpp's answer to a request that `order_counts` has changed.
        prompt_tokens: of each prompt; empty where there is one, which llama.cpp counts.
    """
    answer = json.loads(body)
    completion = sum(len((choice.get("logprobs") or {}).get("content") or ()) for choice in answer["choices"])
    answer["usage"] = usage(sum(prompt_tokens) or answer["usage"]["prompt_tokens"], completion)
    if question.top_logprobs is None:
        for choice in answer["choices"]:
            choice["logprobs"] = None
    return json.dumps(answer, ensure_ascii=False).encode()


class StreamUsage:
    """The usage of a stream, counted from its events.

    Args:
        choices: how many answers there are to each prompt.
    """

    def __init__(self, choices: int) -> None:
        self._choices = choices
        self._prompts: dict[int, int] = {}
        self._completion = 0

    def note(self, chunk: dict[str, Any]) -> None:
        """Count what an event says of one answer: the event that ends it, or one of its own after that."""
        if found := chunk.get("usage"):
            index = next((int(choice.get("index", 0)) for choice in chunk.get("choices") or ()), 0)
            self._completion += int(found["completion_tokens"])
            self._prompts[index // self._choices] = int(found["prompt_tokens"])

    def total(self) -> dict[str, int]:
        return usage(sum(self._prompts.values()), self._completion)
