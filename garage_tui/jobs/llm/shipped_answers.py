"""Greedy answers of the small base model that come with the project (`garage_tui/data/base_answers.jsonl`).

Decoding takes a forward pass a token. With the tokens known, one pass over whole answers gives the hidden states, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import torch

from garage_tui.core.base.package_path import DATA
from garage_tui.jobs.llm.forward_pass import Model

FILE = DATA / "base_answers.jsonl"


class ShippedAnswer(msgspec.Struct, frozen=True):
    """One greedy answer of one base model."""

    identity: str
    """The name of the base's weights, precision and chat template in the cache of answers (`base_answer_cache`)."""
    question: str
    tokens: tuple[int, ...]
    ended: bool
    """False where it was truncated."""


def shipped_answers(identity: str) -> dict[str, ShippedAnswer]:
    """Return the answers of a base by their questions; an empty dict for every other base than the shipped one."""
    lines = (msgspec.json.decode(line, type=ShippedAnswer) for line in FILE.read_bytes().splitlines())
    return {line.question: line for line in lines if line.identity == identity}


def hidden_states(
    model: Model, answers: Sequence[ShippedAnswer], on_progress: Callable[[int], None] = lambda done: None
) -> list[torch.Tensor]:
    """Return for each answer (labels, width): the hidden state before each token, and before the end token.

    The caller has switched the adapter off.

    Args:
        on_progress: called with the number of answers whose states are known.
    """
    examples = [model.chats.example(one.question, one.tokens, end=one.ended) for one in answers]
    found: list[torch.Tensor] = []
    for _, batch, hidden, _ in model.passes(examples):
        sizes = torch.bincount(batch.owner).tolist()
        found += hidden.split(sizes)
        on_progress(len(found))
    return found
