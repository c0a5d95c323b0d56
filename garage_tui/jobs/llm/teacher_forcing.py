"""The tuned model's greedy answers, and their drift from the base, by teacher forcing on the expected answers.

A greedy answer costs one forward pass a token. But the base's answer is a good guess of the tuned model's: decoding is
needed only where the tuned model differs (`greedy_decode.decode_against`). The same pass gives the drift.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from garage_tui.jobs.llm.base_answer_cache import CachedAnswer
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.greedy_decode import decode_against


@dataclass(frozen=True)
class ExpectedAnswer:
    """A question with its expected answer."""

    question: str
    answer: CachedAnswer
    """The base's, with hidden states; or any other, without them."""
    most: int
    """Most tokens of the tuned model's answer."""


@dataclass(frozen=True)
class TunedAnswer:
    """The tuned model's answer."""

    tokens: tuple[int, ...]
    drift: float
    """KL(base‖tuned) in nats per token of the expected answer; 0 where that has no hidden states."""
    labels: int
    """Tokens of the expected answer."""


def expected_text(model: Model, question: str, text: str, most: int) -> ExpectedAnswer:
    """Return a question with a text as its expected answer."""
    return ExpectedAnswer(question, CachedAnswer(tuple(model.chats.encode(text)), True, torch.empty(0)), most)


def tuned_answers(
    model: Model, expected: Sequence[ExpectedAnswer], on_progress: Callable[[int], None] = lambda done: None
) -> list[TunedAnswer]:
    """Return the greedy answers to the questions; only what differs from the expected answer is decoded.

    Args:
        on_progress: called with the number of finished answers; it may raise to cancel.
    """
    examples = [model.chats.example(one.question, one.answer.tokens, end=one.answer.ended) for one in expected]
    drift = torch.zeros(len(expected))

    def observe(owner: torch.Tensor, logits: torch.Tensor) -> None:
        first = int(owner[0])
        states = [one.answer.hidden for one in expected[first : int(owner[-1]) + 1]]
        of_base = torch.tensor([len(state) > 0 for state in states])[owner - first]
        if of_base.any():
            base = model.logits(torch.cat([state for state in states if len(state)]).to(model.device))
            drift.index_add_(0, owner[of_base], divergence(base, logits[of_base.to(logits.device)]).cpu())

    found = decode_against(model, examples, [one.most for one in expected], observe, on_progress)
    labels = [len(example.answer) for example in examples]
    return [
        TunedAnswer(tuple(one.tokens), float(distance) / max(size, 1), size)
        for one, distance, size in zip(found, drift, labels, strict=True)
    ]


def divergence(base: torch.Tensor, tuned: torch.Tensor) -> torch.Tensor:
    """Return KL(base‖tuned) in nats of each row of (rows, vocabulary) logits."""
    before, after = base.log_softmax(-1), tuned.log_softmax(-1)
    return (before.exp() * (before - after)).sum(-1)
