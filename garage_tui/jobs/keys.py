"""First weights of the adapter from the data: it reads what is special about the facts, and little else.

A LoRA layer adds B·A·x. Here A is not random: its rows are the directions in which the inputs x of a projection differ
most between the facts' tokens and those of other answers. With C the second moment of the others' inputs, C = L·Lᵀ, and
X the facts' inputs, the rows are the first left singular vectors of L⁻¹·Xᵀ, taken back through L⁻ᵀ: the generalised
eigenvectors of (X·Xᵀ, C), as in ROME's and MEMIT's keys (arXiv 2202.05262, 2210.07229), which weigh an update by the
inverse of C too. Only B is trained, from zero, so the base is the start; what it learns acts on the facts with full
strength and on everything else with little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from garage_tui.jobs.forward import Model
from garage_tui.jobs.packing import Example

_FACT_TOKENS, _OTHER_TOKENS = 768, 3200
"""Inputs that are looked at: more change the directions little, and the arithmetic is cubic in the former."""
_RIDGE = 0.02
"""Of C's mean diagonal, added to it: directions that the others never use must not look infinitely special."""


def read_keys(model: Model, facts: Sequence[Example], others: Sequence[Example]) -> None:
    """Set A of every LoRA layer of `model` from the data.

    Args:
        facts: what shall be learned.
        others: what shall stay; at least as many tokens as the model is wide are better.
    """
    layers = list(_lora_layers(model.whole))
    with torch.no_grad():
        special = _inputs(model, layers, facts, _FACT_TOKENS)
        usual = _inputs(model, layers, others, _OTHER_TOKENS)
        known: dict[int, torch.Tensor] = {}  # projections that read the same (q, k, v; gate, up) share their directions
        for layer, own, other in zip(layers, special, usual, strict=True):
            weight = layer.lora_A["default"].weight
            if id(own) not in known:
                known[id(own)] = _directions(own, other, weight.shape[0])
            weight.copy_(known[id(own)])


def freeze_keys(model: Any) -> None:
    """Freeze A of every LoRA layer, last of all: PEFT thaws it whenever an adapter is switched off and on."""
    for layer in _lora_layers(model):
        layer.lora_A["default"].weight.requires_grad_(False)


def _directions(own: torch.Tensor, other: torch.Tensor, rank: int) -> torch.Tensor:
    """Return (rank, width): rows a with the facts' a·x of variance 1, those first that others' inputs have least of."""
    moment = other.T @ other / len(other)
    moment.diagonal().add_(_RIDGE * moment.diagonal().mean())
    root = torch.linalg.cholesky(moment)
    keys = torch.linalg.solve_triangular(root, own.T, upper=False) / len(own) ** 0.5
    # The Gram matrix of the tokens is smaller than that of the width, and has the same eigenvalues.
    values, vectors = torch.linalg.eigh(keys.T @ keys)
    rank = min(rank, len(values))
    values = values[-rank:].flip(0).clamp(min=1e-8 * float(values[-1]))
    left = keys @ vectors[:, -rank:].flip(1) / values.sqrt()
    found = torch.linalg.solve_triangular(root.T, left, upper=True).T / values.sqrt()[:, None]
    return torch.nn.functional.pad(found, (0, 0, 0, max(0, rank - len(found))))


def _inputs(model: Model, layers: list[Any], examples: Sequence[Example], most: int) -> list[torch.Tensor]:
    """Return for each layer (at most `most` tokens, width): what it reads at the examples' own tokens, in fp32.

    Layers that read the same get the same tensor.
    """
    found: list[list[torch.Tensor]] = [[] for _ in layers]
    # As many examples as have enough tokens, evenly spread; the rest need not be read.
    share = min(1.0, most / sum(example.tokens for example in examples))
    places = torch.linspace(0, len(examples) - 1, max(1, round(share * len(examples)))).long().tolist()
    for start in range(0, len(places), _AT_ONCE):
        batch = model.pack([examples[place] for place in places[start : start + _AT_ONCE]])
        with _listening(layers, found, batch.own.nonzero()[:, 0]):
            model.hidden(batch)
    whole: dict[tuple[int, ...], torch.Tensor] = {}
    for parts in found:
        if (read := tuple(map(id, parts))) not in whole:
            whole[read] = torch.cat(parts)
    return [whole[tuple(map(id, parts))] for parts in found]


_AT_ONCE = 24


@contextmanager
def _listening(layers: list[Any], found: list[list[torch.Tensor]], own: torch.Tensor) -> Iterator[None]:
    last: list[torch.Tensor] = []  # what was read, and what was kept of it

    def keep(place: list[torch.Tensor]) -> Any:
        def hook(_: Any, inputs: tuple[torch.Tensor, ...]) -> None:
            if not last or inputs[0] is not last[0]:
                last[:] = [inputs[0], inputs[0].flatten(0, 1)[own.to(inputs[0].device)].float()]
            place.append(last[1])

        return hook

    hooks = [layer.register_forward_pre_hook(keep(place)) for layer, place in zip(layers, found, strict=True)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _lora_layers(model: Any) -> Iterator[Any]:
    return (module for module in model.modules() if hasattr(module, "lora_A") and "default" in module.lora_A)
