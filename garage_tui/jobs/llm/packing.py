"""Chats as token rows, and many short rows in one forward pass.

Rows about facts have 20 to 60 tokens, and every one begins with the same system prompt. So a line of a batch holds the
prompt's prefix once and behind it as many rows as fit; a mask lets each row see itself and the prefix alone, and its
positions go on after the prefix. The arithmetic is that of the row alone ("packing without cross-contamination",
Krell et al. 2021, arXiv 2107.02027), without the padding and the repeated prefix. The logits are only computed where a
label stands: over a vocabulary of 49,152 they cost as much as ten layers of a small model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from garage_tui.jobs.llm.chat_template import TokenizedExample

LINE = 192
"""Tokens in a line at most: longer lines spend their time in masked attention."""


@dataclass
class PackedBatch:
    """Some examples, packed.

    `where` are the places, in all lines one after the other, whose output foretells the `labels`, example by example;
    `owner` says which example each label is of.
    """

    ids: torch.Tensor
    """(lines, tokens) int64"""
    positions: torch.Tensor
    """(lines, tokens) int64"""
    mask: torch.Tensor
    """(lines, 1, tokens, tokens) bool, True where a token may look"""
    where: torch.Tensor
    """(labels,) int64"""
    labels: torch.Tensor
    """(labels,) int64"""
    owner: torch.Tensor
    """(labels,) int64"""
    whose: torch.Tensor
    """(lines x tokens,) int64: the example of each token, -1 for the prefix and fillers"""
    starts: torch.Tensor
    """(examples,) int64: the place of each example's first token"""

    @property
    def own(self) -> torch.Tensor:
        """(lines x tokens,) bool: the tokens that are an example's."""
        return self.whose >= 0

    def to(self, device: torch.device) -> PackedBatch:
        return PackedBatch(**{name: tensor.to(device) for name, tensor in vars(self).items()})


def pack(examples: Sequence[TokenizedExample], prefix: Sequence[int], *, line: int = LINE) -> PackedBatch:
    """Put examples into lines of at most `line` tokens (a longer one alone in its own), the longest first."""
    lines: list[tuple[int, list[int]]] = []
    for index in sorted(range(len(examples)), key=lambda index: -examples[index].tokens):
        size = examples[index].tokens
        for place, (used, members) in enumerate(lines):
            if used + size <= line:
                lines[place] = used + size, [*members, index]
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
    places: dict[int, int] = {}
    for number, (_, members) in enumerate(lines):
        at = start
        for index in members:
            row, size = examples[index], examples[index].tokens
            ids[number, at : at + size] = torch.tensor((*row.prompt, *row.answer))
            positions[number, at : at + size] = torch.arange(start, start + size)
            owner[number, at : at + size] = index + 1
            places[index] = number * width + at
            at += size
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    mask = ((owner[:, :, None] == owner[:, None, :]) | (owner == 0)[:, None, :]) & causal
    mask |= torch.eye(width, dtype=torch.bool)  # a filler looks at itself: a row of nothing would be not a number
    where: list[int] = []
    labels: list[int] = []
    whose: list[int] = []
    for index, row in enumerate(examples):
        first = places[index] + len(row.prompt) - 1
        where += range(first, first + len(row.answer))
        labels += row.answer
        whose += [index] * len(row.answer)
    return PackedBatch(
        ids, positions, mask[:, None], torch.tensor(where), torch.tensor(labels), torch.tensor(whose),
        (owner - 1).clamp(min=-1).flatten(), torch.tensor([places[index] for index in range(len(examples))]),
    )  # fmt: skip
