"""Initialisation of LoRA layers from data, in the input and output directions that are specific to the facts.

A LoRA layer adds B·A·x. The rows of A are the directions in which the inputs x of a projection have the most energy at
the facts' tokens per unit at the guards'; the columns of U (B = U·M, `jobs/lora/gauss_newton.py`) are those in which
the gradients at its output have the most energy for the facts per unit of the guards' Fisher information (second moment
of the gradients with labels drawn from the model itself). Both are generalised eigenvectors: with C the second moment
of the guards, C = L·Lᵀ, and X the facts' rows, the left singular vectors of L⁻¹·Xᵀ, taken back through L⁻ᵀ. ROME and
MEMIT also weight their keys by C⁻¹ (arXiv 2202.05262, 2210.07229).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from garage_tui.core.base.phase import Say, silent
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.lora.discriminant import Prompts, discriminants, joined, read_prompts
from garage_tui.jobs.lora.layer_samples import (
    LayerSamples,
    at_once,
    bytes_kept,
    bytes_streamed,
    collect,
    collect_moments,
    groups,
)
from garage_tui.jobs.lora.specific_directions import Sample, SecondMoment, specific_directions
from garage_tui.jobs.runtime.cpu_threads import all_cores

_FACT_TOKENS, _GUARD_TOKENS = 640, 2300
"""Tokens that are used: more change the directions little, and the arithmetic is cubic in the former."""
_DIRECTIONS = 48
"""Columns of U."""
_INPUT_RIDGE, _OUTPUT_RIDGE = 0.05, 0.1
"""Share of C's mean diagonal that is added to it, so that directions which the guards hardly use stay finite."""
_TOKENS_PER_COLUMN = 3
"""Guards' tokens for each column of the model's width, below which all guards are read: with the tokens above, a wide
model's second moment would be empty in most directions, which then all look special to the facts."""

CHOOSING = "choosing LoRA directions"
"""The phase of this work; it is counted in two parts."""
_READING, _COMPUTING = f"{CHOOSING}: reading rows", f"{CHOOSING}: layers"
"""The parts: forward passes over the examples, then the arithmetic of each layer."""

OutputDirections = list[tuple[Any, torch.Tensor]]


def choose_directions(
    model: Model,
    facts: Sequence[TokenizedExample],
    guards: Sequence[TokenizedExample],
    say: Say = silent,
    prompts: Prompts | None = None,
) -> OutputDirections:
    """Set A of every LoRA layer of `model`; return each layer with its U, (outputs, directions).

    The caller has switched the adapter off.

    Args:
        facts: the examples to learn.
        guards: the examples that must not change; more tokens than the model's width are better.
        say: called with the progress; it may raise to cancel.
    """
    found: OutputDirections = []
    adapted = list(_lora_layers(model.whole))
    used, used_guards = _spread(facts, _FACT_TOKENS), _spread(guards, _GUARD_TOKENS)
    streamed = _TOKENS_PER_COLUMN * model.head.weight.shape[1] > _GUARD_TOKENS
    if streamed:
        first = set(map(id, used_guards))
        used_guards += [guard for guard in guards if id(guard) not in first]
    tokens = sum(guard.tokens for guard in used_guards)

    def bytes_of(width: int) -> float:
        of_guards = bytes_streamed(tokens, _GUARD_TOKENS, width) if streamed else bytes_kept(_GUARD_TOKENS, width)
        return of_guards + bytes_kept(_FACT_TOKENS, width)

    parts = list(groups(model, adapted, bytes_of))
    passes = sum(-(-len(examples) // at_once(model)) for examples in (used, used_guards))
    read = 0

    def report() -> None:
        nonlocal read
        read += 1
        say(_READING, read, passes * len(parts))

    say(_READING, 0, passes * len(parts))
    for layers in parts:
        of_facts = collect(model, layers, used, report, drawn=False)
        of_guards: Sequence[LayerSamples[Sample | SecondMoment]]
        if streamed:
            of_guards = collect_moments(model, layers, used_guards, report, _GUARD_TOKENS)
        else:
            of_guards = collect(model, layers, used_guards, report, drawn=True)
        told_apart = read_prompts(model, layers, prompts) if prompts else [None] * len(layers)
        all_cores()
        known: dict[int, torch.Tensor] = {}
        for layer, own, other, apart in zip(layers, of_facts, of_guards, told_apart, strict=True):
            a = layer.lora_A["default"].weight
            if (
                id(own.inputs) not in known
            ):  # projections with the same input (q, k, v; gate, up) share their directions
                inputs = own.inputs.rows
                rows, values = specific_directions(inputs, other.inputs, a.shape[0], _INPUT_RIDGE)
                known[id(own.inputs)] = rows / values.sqrt()[:, None]  # the facts' a·x have variance 1
                if prompts and apart:
                    special = discriminants(apart, prompts.fact_of, other.inputs, a.shape[0] // 2, _INPUT_RIDGE)
                    known[id(own.inputs)] = joined(special, rows, inputs, values)
            with torch.no_grad():
                a.copy_(_padded(known[id(own.inputs)], a.shape[0]))
            rows, _ = specific_directions(own.slopes.rows, other.slopes, _DIRECTIONS, _OUTPUT_RIDGE)
            found.append((layer, _padded(rows, _DIRECTIONS).T.contiguous()))
            say(_COMPUTING, len(found), len(adapted))
    return found


def freeze_inputs(model: Any) -> None:
    """Freeze A of every LoRA layer. Call it last: PEFT unfreezes A whenever an adapter is switched off and on."""
    for layer in _lora_layers(model):
        layer.lora_A["default"].weight.requires_grad_(False)


def empty_directions(model: Any) -> OutputDirections:
    """Return each layer with an empty U, for a run whose checkpoint has the real ones."""
    layers = list(_lora_layers(model))
    return [(layer, torch.zeros(layer.lora_B["default"].weight.shape[0], _DIRECTIONS)) for layer in layers]


def _padded(rows: torch.Tensor, count: int) -> torch.Tensor:
    """Return the rows with rows of zeros below: few tokens, or a narrow projection, have fewer directions."""
    return torch.nn.functional.pad(rows, (0, 0, 0, count - len(rows)))


def _spread(examples: Sequence[TokenizedExample], most: int) -> list[TokenizedExample]:
    """Return evenly spread examples with about `most` tokens."""
    share = min(1.0, most / sum(example.tokens for example in examples))
    indices = torch.linspace(0, len(examples) - 1, max(1, round(share * len(examples)))).long().tolist()
    return [examples[index] for index in indices]


def _lora_layers(model: Any) -> Iterator[Any]:
    return (module for module in model.modules() if hasattr(module, "lora_A") and "default" in module.lora_A)
