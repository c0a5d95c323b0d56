"""Where the adapter looks and where it acts, from the data: at what is special about the facts, and little else.

A LoRA layer adds B·A·x. The rows of A are the directions in which the inputs x of a projection have most energy at the
facts' tokens for each unit at the guards'; the columns of U (B = U·M, `jobs/lora/gauss_newton.py`) are those in which
the
gradients at its output have most energy for the facts for each unit of the guards' Fisher information (second moment of
the gradients with labels drawn from the model itself). Both are generalised eigenvectors: with C the second moment of
the guards, C = L·Lᵀ, and X the facts' rows, the left singular vectors of L⁻¹·Xᵀ, taken back through L⁻ᵀ. ROME and MEMIT
weigh their keys by C⁻¹ too (arXiv 2202.05262, 2210.07229).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward import Model
from garage_tui.jobs.runtime.cpu import all_cores

_FACT_TOKENS, _GUARD_TOKENS = 640, 2300
"""Tokens that are looked at: more change the directions little, and the arithmetic is cubic in the former."""
_DIRECTIONS = 48
"""Columns of U."""
_INPUT_RIDGE, _OUTPUT_RIDGE = 0.05, 0.1
"""Of C's mean diagonal, added to it: directions that the guards hardly use must not look infinitely special."""
_AT_ONCE = 16
_ROOM = 7e8
"""Numbers kept at once (1.4 GB): a wider model is looked at some layers at a time."""
_KEPT = torch.bfloat16
"""Eight bits of mantissa are plenty for a second moment over hundreds of tokens, and half the memory."""

Effects = list[tuple[Any, torch.Tensor]]


def read_keys(model: Model, facts: Sequence[TokenizedExample], guards: Sequence[TokenizedExample]) -> Effects:
    """Set A of every LoRA layer of `model`; return each layer with its U, (outputs, directions).

    Asked with the adapter switched off by the caller.

    Args:
        facts: what shall be learned.
        guards: what shall stay; more tokens than the model is wide are better.
    """
    found: Effects = []
    for layers in _groups(list(_lora_layers(model.whole))):
        special = _look(model, layers, facts, _FACT_TOKENS, drawn=False)
        usual = _look(model, layers, guards, _GUARD_TOKENS, drawn=True)
        all_cores()
        known: dict[int, torch.Tensor] = {}  # projections that read the same (q, k, v; gate, up) share their directions
        for layer, own, other in zip(layers, special, usual, strict=True):
            a = layer.lora_A["default"].weight
            if id(own.inputs) not in known:
                rows, values = _directions(own.inputs, other.inputs, a.shape[0], _INPUT_RIDGE, len(other.inputs))
                known[id(own.inputs)] = rows / values.sqrt()[:, None]  # the facts' a·x have variance 1
            with torch.no_grad():
                a.copy_(_filled(known[id(own.inputs)], a.shape[0]))
            rows, _ = _directions(own.slopes, other.slopes, _DIRECTIONS, _OUTPUT_RIDGE, other.labels)
            found.append((layer, _filled(rows, _DIRECTIONS).T.contiguous()))
    return found


def freeze_keys(model: Any) -> None:
    """Freeze A of every LoRA layer, last of all: PEFT thaws it whenever an adapter is switched off and on."""
    for layer in _lora_layers(model):
        layer.lora_A["default"].weight.requires_grad_(False)


def no_effects(model: Any) -> Effects:
    """Return each layer with an empty U, for a run whose checkpoint brings the real ones."""
    layers = list(_lora_layers(model))
    return [(layer, torch.zeros(layer.lora_B["default"].weight.shape[0], _DIRECTIONS)) for layer in layers]


def _directions(
    own: torch.Tensor, other: torch.Tensor, count: int, ridge: float, samples: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (count, width) rows u with uᵀ·C·u = 1, and (count,) the facts' energy in each, the largest first.

    Args:
        own, other: (tokens, width).
        samples: by which `other`'s energy is divided.
    """
    own, other = own.float(), other.float()
    moment = other.T @ other / samples
    moment.diagonal().add_(ridge * moment.diagonal().mean().clamp(min=1e-12))
    root = torch.linalg.cholesky(moment)
    rows = torch.linalg.solve_triangular(root, own.T, upper=False) / len(own) ** 0.5
    count = min(count, *rows.shape)
    # Randomised (Halko et al. 2009, arXiv 0909.4061): the first few of many hundred, a tenth of the time.
    left, scales, _ = torch.svd_lowrank(rows, q=min(count + 16, *rows.shape), niter=4)
    left, values = left[:, :count], scales[:count] ** 2
    values = values.clamp(min=1e-6 * max(float(values[0]), 1e-20))
    return torch.linalg.solve_triangular(root.T, left, upper=True).T, values


def _filled(rows: torch.Tensor, count: int) -> torch.Tensor:
    """Return the rows with rows of zeros below: few tokens, or a narrow projection, have fewer directions."""
    return torch.nn.functional.pad(rows, (0, 0, 0, count - len(rows)))


class _Seen:
    """What one layer read, and what its output was asked to change, at some tokens."""

    def __init__(self) -> None:
        self.read: list[torch.Tensor] = []
        self.asked: list[torch.Tensor] = []
        self.inputs = self.slopes = torch.empty(0)
        """(tokens, width), in `_KEPT`"""
        self.labels = 0


def _look(
    model: Model, layers: list[Any], examples: Sequence[TokenizedExample], most: int, *, drawn: bool
) -> list[_Seen]:
    """Run as many examples as have `most` tokens, evenly spread; layers that read the same get the same inputs.

    Args:
        drawn: the labels are drawn from the model itself; else they are the examples' own.
    """
    found = [_Seen() for _ in layers]
    share = min(1.0, most / sum(example.tokens for example in examples))
    places = torch.linspace(0, len(examples) - 1, max(1, round(share * len(examples)))).long().tolist()
    dice = torch.Generator(model.device).manual_seed(0)
    labels = 0
    for start in range(0, len(places), _AT_ONCE):
        batch = model.pack([examples[place] for place in places[start : start + _AT_ONCE]])
        with torch.enable_grad(), _listening(layers, found, batch.own.nonzero()[:, 0]):
            logits = model.logits(model.hidden(batch))
            wanted = batch.labels.to(logits.device)
            if drawn:
                wanted = _drawn(logits.detach(), dice)
            torch.nn.functional.cross_entropy(logits, wanted, reduction="sum").backward()
        labels += len(batch.labels)
    whole: dict[tuple[int, ...], torch.Tensor] = {}
    for seen in found:
        if (read := tuple(map(id, seen.read))) not in whole:
            whole[read] = torch.cat(seen.read)
        seen.inputs, seen.slopes, seen.labels = whole[read], torch.cat(seen.asked), labels
        seen.asked.clear()
    return found


def _drawn(logits: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """Draw a token from each row of logits; torch.multinomial takes ten times as long over so many."""
    reached = logits.softmax(-1).cumsum(-1)
    # Rounding may leave the last sum a little below one.
    place = torch.rand(len(logits), 1, generator=dice, device=logits.device) * reached[:, -1:]
    return torch.searchsorted(reached, place).clamp(max=logits.shape[-1] - 1)[:, 0]


@contextmanager
def _listening(layers: list[Any], found: list[_Seen], own: torch.Tensor) -> Iterator[None]:
    last: list[torch.Tensor] = []  # what was read, and what was kept of it

    def hook(seen: _Seen) -> Any:
        def keep(_: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            here = own.to(output.device)
            if not last or inputs[0] is not last[0]:
                last[:] = [inputs[0], inputs[0].detach().flatten(0, 1)[here].to(_KEPT)]
            seen.read.append(last[1])
            if not output.requires_grad:  # of the first layer that is adapted: what is below it has no gradient
                output.requires_grad_(True)
            output.register_hook(lambda slope: seen.asked.append(slope.flatten(0, 1)[here].to(_KEPT)))

        return keep

    hooks = [layer.register_forward_hook(hook(seen)) for layer, seen in zip(layers, found, strict=True)]
    try:
        yield
    finally:
        for one in hooks:
            one.remove()


def _groups(layers: list[Any]) -> Iterator[list[Any]]:
    """Give the layers in stretches whose numbers fit into memory together."""
    group: list[Any] = []
    size = 0.0
    for layer in layers:
        width = layer.lora_A["default"].weight.shape[1] + layer.lora_B["default"].weight.shape[0]
        more = float(width) * (_FACT_TOKENS + _GUARD_TOKENS)
        if group and size + more > _ROOM:
            yield group
            group, size = [], 0.0
        group.append(layer)
        size += more
    if group:
        yield group


def _lora_layers(model: Any) -> Iterator[Any]:
    return (module for module in model.modules() if hasattr(module, "lora_A") and "default" in module.lora_A)
