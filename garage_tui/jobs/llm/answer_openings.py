"""The tuned model's answers as a server gives them that compares openings (`core/routing/openings.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from garage_tui.core.routing.openings import (
    MAX_OPENINGS,
    OPENING_TOKENS,
    Opening,
    best_opening,
    likely_first_tokens,
)
from garage_tui.jobs.llm.answer_ranking import token_log_probabilities
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.greedy_decode import decode
from garage_tui.jobs.runtime.item_progress import OnProgress, no_progress


def compared_answers(
    model: Model, questions: Sequence[str], most: int, on_progress: OnProgress = no_progress
) -> list[tuple[int, ...] | None]:
    """Return the answer to each question that begins with its best opening; None where one first token is likely.

    Such an answer is the greedy one, which the caller has.

    Args:
        most: most tokens of an answer.
        on_progress: called with the number of questions whose openings were compared; it may raise to cancel.
    """
    found: list[tuple[int, ...] | None] = [None] * len(questions)
    prompts = [model.chats.prompt(question) for question in questions]
    begun = [(number, first) for number, first in enumerate(_first_tokens(model, prompts)) if len(first) > 1]
    openings = _openings(model, [(prompts[number], [token for token, _ in first]) for number, first in begun], most)
    best = [best_opening(one) for one in openings]
    ended = [one.tokens[-1] in model.chats.end_tokens or len(one.tokens) >= most for one in best]
    unfinished = [index for index, over in enumerate(ended) if not over]
    rests = decode(
        model,
        [(*prompts[begun[index][0]], *best[index].tokens) for index in unfinished],
        most - OPENING_TOKENS,
        on_progress=on_progress,
    )
    by_index = dict(zip(unfinished, rests, strict=True))
    for index, ((number, _), one) in enumerate(zip(begun, best, strict=True)):
        rest = by_index[index].tokens if index in by_index else ()
        found[number] = tuple(token for token in (*one.tokens, *rest) if token not in model.chats.end_tokens)
    return found


def _first_tokens(model: Model, prompts: Sequence[Sequence[int]]) -> list[list[tuple[int, float]]]:
    found = []
    # The label is a placeholder: only the state before it is used.
    for _, _, hidden, _ in model.passes([TokenizedExample(tuple(prompt), (0,)) for prompt in prompts]):
        top = model.logits(hidden).log_softmax(-1).topk(MAX_OPENINGS)
        found += [
            likely_first_tokens(zip(tokens, values, strict=True), model.chats.end_tokens)
            for tokens, values in zip(top.indices.tolist(), top.values.tolist(), strict=True)
        ]
    return found


def _openings(model: Model, begun: Sequence[tuple[Sequence[int], Sequence[int]]], most: int) -> list[list[Opening]]:
    """Return the openings of each question; `begun` are prompts, each with its likely first tokens."""
    prompts = [(*prompt, token) for prompt, tokens in begun for token in tokens]
    length = min(most, OPENING_TOKENS)
    end = model.chats.end
    answers = [
        (prompt[-1], *one.tokens, *((end,) if one.ended else ()))
        for prompt, one in zip(prompts, decode(model, prompts, length - 1), strict=True)
    ]
    examples = [TokenizedExample(prompt[:-1], answer) for prompt, answer in zip(prompts, answers, strict=True)]
    scores = token_log_probabilities(model, examples)
    every = iter(Opening(answer, tuple(each.tolist())) for answer, each in zip(answers, scores, strict=True))
    return [[next(every) for _ in tokens] for _, tokens in begun]
