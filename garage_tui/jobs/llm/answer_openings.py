"""The tuned model's answers as a server gives them that compares openings (`core/routing/openings.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from garage_tui.core.routing.openings import MAX_OPENINGS, OPENING_TOKENS, Opening, best_opening, likely_first_tokens
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.greedy_decode import GreedyAnswer, decode

_Likely = list[tuple[int, float]]
"""First tokens of an answer, each with its log-probability in nats."""


def compared_answers(model: Model, questions: Sequence[str], most: int) -> list[tuple[int, ...] | None]:
    """Return the answer to each question that begins with its best opening; None where one first token is likely.

    Such an answer is the greedy one, which the caller has.

    Args:
        most: most tokens of an answer.
    """
    found: list[tuple[int, ...] | None] = [None] * len(questions)
    prompts = [model.chats.prompt(question) for question in questions]
    begun = [(number, likely) for number, likely in enumerate(_first_tokens(model, prompts)) if len(likely) > 1]
    best = [
        best_opening(openings)
        for openings in _openings(model, [(prompts[number], likely) for number, likely in begun], most)
    ]
    unfinished = [
        index
        for index, one in enumerate(best)
        if one.tokens[-1] not in model.chats.end_tokens and len(one.tokens) < most
    ]
    left = decode(
        model, [(*prompts[begun[index][0]], *best[index].tokens) for index in unfinished], most - OPENING_TOKENS
    )
    rests = dict(zip(unfinished, left, strict=True))
    for index, ((number, _), one) in enumerate(zip(begun, best, strict=True)):
        rest = rests[index].tokens if index in rests else ()
        found[number] = tuple(token for token in (*one.tokens, *rest) if token not in model.chats.end_tokens)
    return found


def _first_tokens(model: Model, prompts: Sequence[Sequence[int]]) -> list[_Likely]:
    found = []
    # The label is a placeholder: only the state before it is used.
    for _, _, hidden, _ in model.passes([TokenizedExample(tuple(prompt), (0,)) for prompt in prompts]):
        top = model.logits(hidden).log_softmax(-1).topk(MAX_OPENINGS)
        found += [
            likely_first_tokens(zip(tokens, values, strict=True), model.chats.end_tokens)
            for tokens, values in zip(top.indices.tolist(), top.values.tolist(), strict=True)
        ]
    return found


def _openings(model: Model, begun: Sequence[tuple[Sequence[int], _Likely]], most: int) -> list[list[Opening]]:
    """Return the openings of each question; `begun` are prompts, each with its likely first tokens."""
    prompts = [(*prompt, token) for prompt, likely in begun for token, _ in likely]
    rests = iter(decode(model, prompts, min(most, OPENING_TOKENS) - 1))
    return [[_opening(model, first, next(rests)) for first in likely] for _, likely in begun]


def _opening(model: Model, first: tuple[int, float], rest: GreedyAnswer) -> Opening:
    """Return a first token and the greedy answer behind it as an opening."""
    tokens = [*rest.tokens, *([model.chats.end] if rest.ended else [])]
    scores: list[float] = []
    if tokens:
        scores = model.logits(torch.stack(rest.states[: len(tokens)])).log_softmax(-1).amax(-1).tolist()
    return Opening((first[0], *tokens), (first[1], *scores))
