"""What the tuned model answers, and how far it is from the base, in one pass over what is expected of it.

A greedy answer costs a forward pass a token. But the base's answer is a good guess of the tuned model's: only where the
tuned model would go on differently is it asked (`greedy.answer_after`). The same pass gives the drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from garage_tui.jobs.llm.base_answer_cache import CachedAnswer
from garage_tui.jobs.llm.forward import Model
from garage_tui.jobs.llm.greedy_decode import answer_after


@dataclass(frozen=True)
class ForcedAnswer:
    """A question, and the answer that is expected."""

    question: str
    answer: CachedAnswer
    """The base's with its hidden states; or any, without them."""
    most: int
    """Tokens of the tuned model's answer."""


@dataclass(frozen=True)
class Tuned:
    """The tuned model's answer."""

    tokens: tuple[int, ...]
    drift: float
    """KL(base‖tuned) in nats per token of the draft; 0 where the draft has no hidden states."""
    labels: int
    """Tokens of the draft."""


def written(model: Model, question: str, text: str, most: int) -> ForcedAnswer:
    """Return a draft from a text that nobody has answered with yet."""
    return ForcedAnswer(question, CachedAnswer(tuple(model.chats.encode(text)), True, torch.empty(0)), most)


def answers(model: Model, drafts: Sequence[ForcedAnswer]) -> list[Tuned]:
    """Return the greedy answers to the drafts' questions, made only where they are not the draft."""
    examples = [model.chats.example(draft.question, draft.answer.tokens, end=draft.answer.ended) for draft in drafts]
    drift = torch.zeros(len(drafts))

    def see(owner: torch.Tensor, logits: torch.Tensor) -> None:
        first = int(owner[0])
        states = [draft.answer.hidden for draft in drafts[first : int(owner[-1]) + 1]]
        of_base = torch.tensor([len(state) > 0 for state in states])[owner - first]
        if of_base.any():
            base = model.logits(torch.cat([state for state in states if len(state)]).to(model.device))
            drift.index_add_(0, owner[of_base], divergence(base, logits[of_base.to(logits.device)]).cpu())

    found = answer_after(model, examples, [draft.most for draft in drafts], see)
    labels = [len(example.answer) for example in examples]
    return [
        Tuned(tuple(one.tokens), float(far) / max(size, 1), size)
        for one, far, size in zip(found, drift, labels, strict=True)
    ]


def divergence(base: torch.Tensor, tuned: torch.Tensor) -> torch.Tensor:
    """Return KL(base‖tuned) in nats of each row of (rows, vocabulary) logits."""
    before, after = base.log_softmax(-1), tuned.log_softmax(-1)
    return (before.exp() * (before - after)).sum(-1)
