"""Greedy answers that are only made where they are not what one expects.

A greedy answer costs a forward pass a token. But the base's answer is a good guess of the tuned model's: one packed
pass over it shows whether the tuned model would have said the same, token by token, and only where it would not is it
asked (the check of speculative decoding, arXiv 2211.17192, exact for greedy answers). The same pass gives the drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from garage_tui.jobs.base_answers import Answer
from garage_tui.jobs.forward import Model
from garage_tui.jobs.packing import Example


@dataclass(frozen=True)
class Draft:
    """A question, and the answer that is expected."""

    question: str
    answer: Answer


@dataclass(frozen=True)
class Tuned:
    """The tuned model's answer."""

    tokens: tuple[int, ...]
    drift: float
    """KL(base‖tuned) in nats per token of the draft; 0 where the draft has no hidden states."""
    labels: int
    """Tokens of the draft."""


def answers(model: Model, drafts: Sequence[Draft], most: int) -> list[Tuned]:
    """Return the greedy answers to the drafts' questions, made only where they are not the draft."""
    examples = _examples(model, drafts)
    same = torch.ones(len(drafts), dtype=torch.bool)
    drift = torch.zeros(len(drafts))
    for start, batch, hidden in model.batches(examples):
        owner = batch.owner + start
        logits = model.logits(hidden)
        wrong = (logits.argmax(-1).cpu() != batch.labels).long()
        same &= torch.zeros(len(drafts), dtype=torch.long).index_add_(0, owner, wrong) == 0
        there = [draft.answer.hidden for draft in drafts[start : int(owner[-1]) + 1]]
        if all(len(state) for state in there):
            base = model.logits(torch.cat(there).to(model.device))
            drift.index_add_(0, owner, divergence(base, logits).cpu())
    again = [index for index, whole in enumerate(same.tolist()) if not whole]
    found = {index: draft.answer.tokens for index, draft in enumerate(drafts)}
    prompts = [model.chats.prompt(drafts[index].question) for index in again]
    for index, (tokens, _, _) in zip(again, model.answer(prompts, most), strict=True):
        found[index] = tuple(tokens)
    labels = [len(example.answer) for example in examples]
    return [Tuned(found[index], float(drift[index]) / max(size, 1), size) for index, size in enumerate(labels)]


def mean_drift(model: Model, drafts: Sequence[Draft]) -> float:
    """Return KL(base‖tuned) over the drafts, answers of the base with its hidden states, in nats per token."""
    total, tokens = 0.0, 0
    for start, batch, hidden in model.batches(_examples(model, drafts)):
        there = [draft.answer.hidden for draft in drafts[start : start + int(batch.owner[-1]) + 1]]
        base = model.logits(torch.cat(there).to(model.device))
        total += float(divergence(base, model.logits(hidden)).sum())
        tokens += len(batch.labels)
    return total / max(1, tokens)


def _examples(model: Model, drafts: Sequence[Draft]) -> list[Example]:
    return [model.chats.example(draft.question, draft.answer.tokens, end=draft.answer.ended) for draft in drafts]


def divergence(base: torch.Tensor, tuned: torch.Tensor) -> torch.Tensor:
    """Return KL(base‖tuned) in nats of each row of (rows, vocabulary) logits."""
    before, after = base.log_softmax(-1), tuned.log_softmax(-1)
    return (before.exp() * (before - after)).sum(-1)
