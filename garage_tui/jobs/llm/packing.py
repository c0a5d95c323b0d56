"""Packing of many short rows into the lines of one forward pass.

Rows about facts have 20 to 60 tokens, and each begins with the same system prompt. So a line of a batch holds the
prompt's prefix once, followed by as many rows as fit; a mask lets each row attend only to itself and the prefix, and
its positions continue after the prefix. The result is that of each row alone ("packing without cross-contamination",
Krell et al. 2021, arXiv 2107.02027), without the padding and the repeated prefix. Logits are computed only for the
labels: over a vocabulary of 49,152 they cost as much as ten layers of a small model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from garage_tui.jobs.llm.chat_template import TokenizedExample

LINE = 192
"""Most tokens in a line: longer lines spend their time in masked attention."""


@dataclass
class PackedBatch:
    """A batch of packed examples.

    `where` are the flat positions whose output predicts the `labels`, example by example; `owner` is the example of
    each label.
    """

    ids: torch.Tensor
    """(lines, tokens) int64"""
    positions: torch.Tensor
    """(lines, tokens) int64"""
    mask: torch.Tensor
    """(lines, 1, tokens, tokens) bool, True where a token may attend"""
    where: torch.Tensor
    """(labels,) int64"""
    labels: torch.Tensor
    """(labels,) int64"""
    owner: torch.Tensor
    """(labels,) int64"""
    token_owner: torch.Tensor
    """(lines x tokens,) int64: the example of each token, -1 for the prefix and padding"""
    starts: torch.Tensor
    """(examples,) int64: the flat position of each example's first token"""

    @property
    def own(self) -> torch.Tensor:
        """(lines x tokens,) bool: the tokens that are an example's."""
        return self.token_owner >= 0

    def to(self, device: torch.device) -> PackedBatch:
        return PackedBatch(**{name: tensor.to(device) for name, tensor in vars(self).items()})


def pack(examples: Sequence[TokenizedExample], prefix: Sequence[int], *, line: int = LINE) -> PackedBatch:
    """Put examples into lines of at most `line` tokens, the longest first; a longer example has a line of its own."""
    lines: list[tuple[int, list[int]]] = []
    for index in sorted(range(len(examples)), key=lambda index: -examples[index].tokens):
        size = examples[index].tokens
        for number, (used, members) in enumerate(lines):
            if used + size <= line:
                lines[number] = used + size, [*members, index]
                break
        else:
            lines.append((len(prefix) + size, [index]))
    width, start = max(used for used, _ in lines), len(prefix)
    ids = torch.zeros(len(lines), width, dtype=torch.long)
    positions = torch.zeros(len(lines), width, dtype=torch.long)
    owner = torch.full((len(lines), width), -1)
    ids[:, :start] = torch.tensor(prefix, dtype=torch.long)
    positions[:, :start] = torch.arange(start)
    owner[:, :start] = 0
    positions_of: dict[int, int] = {}
    for number, (_, members) in enumerate(lines):
        at = start
        for index in members:
            row, size = examples[index], examples[index].tokens
            ids[number, at : at + size] = torch.tensor((*row.prompt, *row.answer))
            positions[number, at : at + size] = torch.arange(start, start + size)
            owner[number, at : at + size] = index + 1
            positions_of[index] = number * width + at
            at += size
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    mask = ((owner[:, :, None] == owner[:, None, :]) | (owner == 0)[:, None, :]) & causal
    mask |= torch.eye(width, dtype=torch.bool)  # padding attends to itself: an empty row would give NaN
    where: list[int] = []
    labels: list[int] = []
    token_owner: list[int] = []
    for index, row in enumerate(examples):
        first = positions_of[index] + len(row.prompt) - 1
        where += range(first, first + len(row.answer))
        labels += row.answer
        token_owner += [index] * len(row.answer)
    return PackedBatch(
        ids, positions, mask[:, None], torch.tensor(where), torch.tensor(labels), torch.tensor(token_owner),
        (owner - 1).clamp(min=-1).flatten(), torch.tensor([positions_of[index] for index in range(len(examples))]),
    )  # fmt: skip
