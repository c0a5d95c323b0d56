"""Tokens with their log-probabilities from vLLM, for the comparison of openings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from garage_tui.jobs.serve.generation import TokenScore

_ID = "token_id:"
"""What vLLM writes before the id of a token where ids are requested instead of texts."""


async def chat_prompt(client: httpx.AsyncClient, request: Mapping[str, Any]) -> list[int]:
    """Return the conversation of a chat request as token ids, up to the answer.

    Raises:
        httpx.HTTPError: vLLM does not answer, or refuses the messages.
    """
    order = {"model": request["model"], "messages": request["messages"], "add_generation_prompt": True}
    answer = await client.post("/tokenize", json=order)
    answer.raise_for_status()
    return [int(token) for token in answer.json()["tokens"]]


async def write_tokens(
    client: httpx.AsyncClient, model: str, prompt: Sequence[int], count: int, top: int
) -> list[TokenScore]:
    """Write tokens behind a prompt, as an `openings.TokenWriter`.

    Args:
        model: the id of the adapter, or of the base model.

    Raises:
        httpx.HTTPError: vLLM does not answer.
    """
    order = {
        "model": model,
        "prompt": list(prompt),
        "max_tokens": count,
        "temperature": 0,
        "logprobs": max(1, top),
        "return_tokens_as_token_ids": True,
    }
    answer = await client.post("/v1/completions", json=order)
    answer.raise_for_status()
    scores = answer.json()["choices"][0]["logprobs"]
    return [
        TokenScore(_number(token), logprob, _likeliest(others or {}))
        for token, logprob, others in zip(
            scores["tokens"], scores["token_logprobs"], scores["top_logprobs"], strict=True
        )
    ]


def _likeliest(others: Mapping[str, float]) -> tuple[tuple[int, float], ...]:
    return tuple(sorted(((_number(token), value) for token, value in others.items()), key=lambda one: -one[1]))


def _number(token: str) -> int:
    return int(token.removeprefix(_ID))
