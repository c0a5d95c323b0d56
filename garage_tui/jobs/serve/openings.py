"""Finds the opening of an answer with an inference engine (`core/routing/openings.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from garage_tui.core.chat.sampling_params import GREEDY_BELOW
from garage_tui.core.routing.openings import (
    MAX_OPENINGS,
    OPENING_TOKENS,
    Opening,
    best_opening,
    likely_first_tokens,
)
from garage_tui.jobs.serve.base_tokenizer import base_tokenizer, special_ids
from garage_tui.jobs.serve.generation import TokenScore
from garage_tui.jobs.serve.openai_api.chat_form import OpeningText, as_completion
from garage_tui.jobs.serve.openai_api.request_fields import CHAT
from garage_tui.jobs.serve.openai_api.request_schema import DEFAULT_MAX_TOKENS, DEFAULT_TEMPERATURE, ChatRequest

_SHORT_PROMPT = 512
"""Tokens of a prompt that each opening may read for itself. Behind a longer one they are written one after the other,
because an engine keeps it for one of them."""
_OTHER_ANSWERS = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "presence_penalty",
        "repeat_penalty",
        "repetition_penalty",
        "response_format",
        "stop",
        "tools",
    }
)
"""Fields with which the most probable answer is not what the client requests."""


TokenWriter = Callable[[Sequence[int], int, int], Awaitable[Sequence[TokenScore]]]
"""Writes an answer with one engine, always with the most likely token: (prompt, count, top) → at most `count` tokens,
the end token among them, each with the `top` likeliest at its position."""


def compares_openings(question: ChatRequest) -> bool:
    """Return whether several openings of an answer are compared.

    They are in a chat about a taught subject whose client wants the most likely words, and text alone.
    """
    fields: Mapping[str, Any] = question.fields
    return (
        question.compare_openings
        and question.route == CHAT
        and question.choices == 1
        and question.top_logprobs is None
        and fields.get("temperature", DEFAULT_TEMPERATURE) < GREEDY_BELOW
        and not any(fields.get(name) for name in _OTHER_ANSWERS)
        and longest_answer(question) > 1
    )


async def find_opening(
    write: TokenWriter, prompt: Sequence[int], longest: int, end_tokens: frozenset[int]
) -> tuple[int, ...]:
    """Return the tokens with which an answer should begin; empty where one first token is likely.

    The engine continues them as it would have written them, which ends an answer that is complete.

    Args:
        prompt: the conversation, up to the answer.
        longest: most tokens of the answer.
        end_tokens: those that end an answer, or all special ones: no answer begins with one.
    """
    first = await write(prompt, 1, MAX_OPENINGS)
    likely = likely_first_tokens(first[0].top if first else (), end_tokens)
    if len(likely) < 2:
        return ()
    most = min(OPENING_TOKENS, longest - 1)

    async def continued(token: int, log_probability: float) -> Opening:
        rest = await write([*prompt, token], most - 1, 0) if most > 1 else ()
        scores = [log_probability, *(one.logprob or 0.0 for one in rest)]
        return Opening((token, *(one.token for one in rest)), tuple(scores))

    if len(prompt) > _SHORT_PROMPT:
        openings = [await continued(*one) for one in likely]
    else:
        openings = await asyncio.gather(*(continued(*one) for one in likely))
    tokens = best_opening(openings).tokens
    return tokens[:-1] if tokens[-1] in end_tokens else tokens


async def with_opening(
    write: TokenWriter, fields: Mapping[str, Any], prompt: Sequence[int], question: ChatRequest, base: Path
) -> tuple[dict[str, Any], OpeningText] | None:
    """Return a chat request as one to `/v1/completions` that continues the best opening, and that opening.

    None where the engine begins with it by itself.

    Args:
        fields: the request as the engine gets it.
        prompt: its conversation as token ids, up to the answer.
        base: the base model's folder.

    Raises:
        GarageError: the tokenizer cannot be read.
    """
    tokens = await find_opening(write, prompt, longest_answer(question), special_ids(base))
    tokens, text = whole_opening(tokens, base_tokenizer(base))
    if not tokens:
        return None
    completion = as_completion(fields, [*prompt, *tokens])
    return {**completion, "max_tokens": longest_answer(question) - len(tokens)}, OpeningText(text, len(tokens))


def longest_answer(question: ChatRequest) -> int:
    """Return how many tokens the answer in a chat may have."""
    return DEFAULT_MAX_TOKENS if question.max_tokens is None else question.max_tokens


def whole_opening(tokens: Sequence[int], tokenizer: Tokenizer) -> tuple[tuple[int, ...], str]:
    """Return an opening up to its last whole character, as tokens and as text; both are empty if it has none.

    The engine writes again what is left out.
    """
    tokens = tuple(tokens)
    while tokens and (text := tokenizer.decode(list(tokens))).endswith("\ufffd"):
        tokens = tokens[:-1]
    return tokens, text if tokens else ""
