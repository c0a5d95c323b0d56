"""Tokens with their log-probabilities from llama.cpp, for the comparison of openings."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from garage_tui.jobs.serve.generation import TokenScore


async def write_tokens(client: httpx.AsyncClient, prompt: Sequence[int], count: int, top: int) -> list[TokenScore]:
    """Write tokens behind a prompt, as an `openings.TokenWriter`.

    Raises:
        httpx.HTTPError: the worker does not answer.
    """
    order = {"prompt": list(prompt), "n_predict": count, "n_probs": max(1, top), "temperature": 0, "cache_prompt": True}
    answer = await client.post("/completion", json=order)
    answer.raise_for_status()
    return [
        TokenScore(one["id"], one["logprob"], tuple((each["id"], each["logprob"]) for each in one["top_logprobs"]))
        for one in answer.json().get("completion_probabilities") or ()
    ]
