"""Directions of a layer's inputs that tell the facts apart, whatever the wording of the question.

They are Fisher's discriminants: the generalised eigenvectors of the scatter of the facts' means against the scatter of
the wordings within a fact plus the second moment of the guards' inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.lora.specific_directions import Sample, SecondMoment, specific_directions

_GUARDS = 96
"""Guards whose prompts are read."""
_FLOOR = 0.5
"""Least energy of the facts in a discriminant, as a share of that in the last of the other directions."""


@dataclass(frozen=True)
class Prompts:
    """Prompts whose inputs to each layer are compared."""

    examples: Sequence[TokenizedExample]
    """Questions about facts in their wordings."""
    fact_of: Sequence[int]
    """The number of the fact of each example."""
    guards: Sequence[TokenizedExample]


@dataclass(frozen=True)
class LayerPrompts:
    """The inputs of one layer: (prompts, 2, width), at the last token of a prompt, and their mean over the question."""

    facts: torch.Tensor
    guards: torch.Tensor


def read_prompts(model: Model, layers: Sequence[Any], prompts: Prompts) -> list[LayerPrompts]:
    """Return the inputs of each layer; layers with the same input share their tensors."""
    of_facts = _summaries(model, layers, prompts.examples)
    step = max(1, len(prompts.guards) // _GUARDS)
    of_guards = _summaries(model, layers, prompts.guards[::step])
    made: dict[int, LayerPrompts] = {}
    return [
        made.setdefault(id(facts), LayerPrompts(facts, guards))
        for facts, guards in zip(of_facts, of_guards, strict=True)
    ]


def discriminants(
    of: LayerPrompts, fact_of: Sequence[int], guards: Sample | SecondMoment, count: int, ridge: float
) -> torch.Tensor:
    """Return (count or fewer, width) discriminants.

    Args:
        guards: the inputs at the guards' tokens.
    """
    owner = torch.tensor(fact_of)
    facts = int(owner.max()) + 1
    means = torch.zeros(facts, *of.facts.shape[1:]).index_add(0, owner, of.facts)
    means /= torch.bincount(owner, minlength=facts)[:, None, None]
    within = (of.facts - means[owner]).flatten(0, 1)
    between = (means - means.mean(0)).flatten(0, 1)
    rest = (of.guards - of.guards.mean(0)).flatten(0, 1)
    parts = [part / len(part) ** 0.5 for part in (within, rest)]
    other: Sample | SecondMoment
    if isinstance(guards, Sample):
        other = Sample(torch.cat([*parts, guards.rows.float() / guards.samples**0.5]), 1)
    else:
        other = SecondMoment(sum((part.T @ part for part in parts), guards.total / guards.samples), 1)
    rows, _ = specific_directions(between, other, min(count, facts - 1), ridge)
    return rows


def joined(special: torch.Tensor, energetic: torch.Tensor, facts: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return the rows of A: the discriminants, then what the other directions add to them, all of them independent.

    Args:
        special: (some, width) discriminants.
        energetic: (rows, width) directions of energy, the best first.
        facts: (tokens, width) inputs at the facts' tokens, which get a variance of 1, or less where it is small.
        values: (rows,) the facts' energy in `energetic`.
    """
    left = energetic[: len(energetic) - len(special)]
    unit, _ = torch.linalg.qr(special.T)
    left = left - (left @ unit) @ unit.T
    least = _FLOOR * float(values[len(left) - 1])

    def scaled(rows: torch.Tensor) -> torch.Tensor:
        return rows / (facts.float() @ rows.T).square().mean(0).clamp(min=least).sqrt()[:, None]

    return torch.cat([scaled(special), scaled(left)])


def _summaries(model: Model, layers: Sequence[Any], examples: Sequence[TokenizedExample]) -> list[torch.Tensor]:
    """Return for each layer (examples, 2, width)."""
    prompts = [TokenizedExample(example.prompt, example.answer[:1]) for example in examples]
    with torch.no_grad(), _inputs(layers) as read:
        for _, batch, _, _ in model.passes(prompts):
            owner, where = batch.token_owner.clone(), batch.where
            owner[where + 1] = -1  # the token of the answer
            own = (owner >= 0).nonzero()[:, 0]
            sizes = torch.bincount(owner[own])[:, None]
            seen: dict[int, torch.Tensor] = {}
            for parts in read:
                inputs = parts.pop()
                if id(inputs) not in seen:
                    flat = inputs.flatten(0, 1).float()
                    mean = torch.zeros(len(sizes), flat.shape[1]).index_add(0, owner[own], flat[own]) / sizes
                    seen[id(inputs)] = torch.stack([flat[where], mean], 1)
                parts.append(seen[id(inputs)])
    whole: dict[tuple[int, ...], torch.Tensor] = {}
    found = []
    for parts in read:
        key = tuple(map(id, parts))
        if key not in whole:
            whole[key] = torch.cat(parts)
        found.append(whole[key])
    return found


@contextmanager
def _inputs(layers: Sequence[Any]) -> Iterator[list[list[torch.Tensor]]]:
    """Give the list that gets each layer's inputs of each pass."""
    read: list[list[torch.Tensor]] = [[] for _ in layers]

    def hook(parts: list[torch.Tensor]) -> Any:
        return lambda _, inputs: parts.append(inputs[0].detach())

    hooks = [layer.register_forward_pre_hook(hook(parts)) for layer, parts in zip(layers, read, strict=True)]
    try:
        yield read
    finally:
        for one in hooks:
            one.remove()
