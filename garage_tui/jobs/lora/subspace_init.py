"""Initialisation of LoRA layers from data, in the input and output directions that are specific to the facts.

A LoRA layer adds B·A·x. The rows of A are the directions in which the inputs x of a projection have the most energy at
the facts' tokens per unit at the guards'; the columns of U (B = U·M, `jobs/lora/gauss_newton.py`) are those in which
the gradients at its output have the most energy for the facts per unit of the guards' Fisher information (second moment
of the gradients with labels drawn from the model itself). Both are generalised eigenvectors: with C the second moment
of the guards, C = L·Lᵀ, and X the facts' rows, the left singular vectors of L⁻¹·Xᵀ, taken back through L⁻ᵀ. ROME and
MEMIT also weight their keys by C⁻¹ (arXiv 2202.05262, 2210.07229).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from garage_tui.core.base.phase import Say, silent
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.runtime.cpu_threads import all_cores

_FACT_TOKENS, _GUARD_TOKENS = 640, 2300
"""Tokens that are used: more change the directions little, and the arithmetic is cubic in the former."""
_DIRECTIONS = 48
"""Columns of U."""
_INPUT_RIDGE, _OUTPUT_RIDGE = 0.05, 0.1
"""Share of C's mean diagonal that is added to it, so that directions which the guards hardly use stay finite."""
_AT_ONCE = 16
_MAX_NUMBERS = 7e8
"""Numbers in memory at once (1.4 GB): a wider model is processed a group of layers at a time."""
_KEPT = torch.bfloat16
"""Eight bits of mantissa are enough for a second moment over hundreds of tokens, and half the memory."""

CHOOSING = "choosing LoRA directions"
"""The phase of this work; it is counted in two parts."""
_READING, _COMPUTING = f"{CHOOSING}: reading rows", f"{CHOOSING}: layers"
"""The parts: forward passes over the examples, then the arithmetic of each layer."""

OutputDirections = list[tuple[Any, torch.Tensor]]


def choose_directions(
    model: Model, facts: Sequence[TokenizedExample], guards: Sequence[TokenizedExample], say: Say = silent
) -> OutputDirections:
    """Set A of every LoRA layer of `model`; return each layer with its U, (outputs, directions).

    The caller has switched the adapter off.

    Args:
        facts: the examples to learn.
        guards: the examples that must not change; more tokens than the model's width are better.
        say: called with the progress; it may raise to cancel.
    """
    found: OutputDirections = []
    groups = list(_groups(list(_lora_layers(model.whole))))
    used, used_guards = _spread(facts, _FACT_TOKENS), _spread(guards, _GUARD_TOKENS)
    count = sum(map(len, groups))
    passes = sum(-(-len(examples) // _AT_ONCE) for examples in (used, used_guards))
    read = 0

    def report() -> None:
        nonlocal read
        read += 1
        say(_READING, read, passes * len(groups))

    say(_READING, 0, passes * len(groups))
    for layers in groups:
        of_facts = _collect(model, layers, used, report, drawn=False)
        of_guards = _collect(model, layers, used_guards, report, drawn=True)
        all_cores()
        known: dict[
            int, torch.Tensor
        ] = {}  # projections with the same input (q, k, v; gate, up) share their directions
        for layer, own, other in zip(layers, of_facts, of_guards, strict=True):
            a = layer.lora_A["default"].weight
            if id(own.inputs) not in known:
                rows, values = _directions(own.inputs, other.inputs, a.shape[0], _INPUT_RIDGE, len(other.inputs))
                known[id(own.inputs)] = rows / values.sqrt()[:, None]  # the facts' a·x have variance 1
            with torch.no_grad():
                a.copy_(_padded(known[id(own.inputs)], a.shape[0]))
            rows, _ = _directions(own.slopes, other.slopes, _DIRECTIONS, _OUTPUT_RIDGE, other.labels)
            found.append((layer, _padded(rows, _DIRECTIONS).T.contiguous()))
            say(_COMPUTING, len(found), count)
    return found


def freeze_inputs(model: Any) -> None:
    """Freeze A of every LoRA layer. Call it last: PEFT unfreezes A whenever an adapter is switched off and on."""
    for layer in _lora_layers(model):
        layer.lora_A["default"].weight.requires_grad_(False)


def empty_directions(model: Any) -> OutputDirections:
    """Return each layer with an empty U, for a run whose checkpoint has the real ones."""
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


def _padded(rows: torch.Tensor, count: int) -> torch.Tensor:
    """Return the rows with rows of zeros below: few tokens, or a narrow projection, have fewer directions."""
    return torch.nn.functional.pad(rows, (0, 0, 0, count - len(rows)))


class _LayerSamples:
    """The inputs of one layer and the gradients at its output, at some tokens."""

    def __init__(self) -> None:
        self.read: list[torch.Tensor] = []
        self.gradients: list[torch.Tensor] = []
        self.inputs = self.slopes = torch.empty(0)
        """(tokens, width), in `_KEPT`"""
        self.labels = 0


def _spread(examples: Sequence[TokenizedExample], most: int) -> list[TokenizedExample]:
    """Return evenly spread examples with about `most` tokens."""
    share = min(1.0, most / sum(example.tokens for example in examples))
    indices = torch.linspace(0, len(examples) - 1, max(1, round(share * len(examples)))).long().tolist()
    return [examples[index] for index in indices]


def _collect(
    model: Model,
    layers: list[Any],
    examples: Sequence[TokenizedExample],
    report: Callable[[], None],
    *,
    drawn: bool,
) -> list[_LayerSamples]:
    """Run examples; layers with the same input share one tensor.

    Args:
        report: called after each pass.
        drawn: the labels are drawn from the model itself; else they are the examples' own.
    """
    found = [_LayerSamples() for _ in layers]
    generator = torch.Generator(model.device).manual_seed(0)
    labels = 0
    for start in range(0, len(examples), _AT_ONCE):
        batch = model.pack(examples[start : start + _AT_ONCE])
        with torch.enable_grad(), _hooks(layers, found, batch.own.nonzero()[:, 0]):
            logits = model.logits(model.hidden(batch))
            labels_used = batch.labels.to(logits.device)
            if drawn:
                labels_used = _drawn(logits.detach(), generator)
            torch.nn.functional.cross_entropy(logits, labels_used, reduction="sum").backward()
        labels += len(batch.labels)
        report()
    whole: dict[tuple[int, ...], torch.Tensor] = {}
    for seen in found:
        if (read := tuple(map(id, seen.read))) not in whole:
            whole[read] = torch.cat(seen.read)
        seen.inputs, seen.slopes, seen.labels = whole[read], torch.cat(seen.gradients), labels
        seen.gradients.clear()
    return found


def _drawn(logits: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw a token from each row of logits; torch.multinomial takes ten times as long over so many."""
    reached = logits.softmax(-1).cumsum(-1)
    # Rounding may leave the last sum a little below one.
    position = torch.rand(len(logits), 1, generator=generator, device=logits.device) * reached[:, -1:]
    return torch.searchsorted(reached, position).clamp(max=logits.shape[-1] - 1)[:, 0]


@contextmanager
def _hooks(layers: list[Any], found: list[_LayerSamples], own: torch.Tensor) -> Iterator[None]:
    last: list[torch.Tensor] = []  # the last input, and its selected rows

    def hook(seen: _LayerSamples) -> Any:
        def keep(_: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            here = own.to(output.device)
            if not last or inputs[0] is not last[0]:
                last[:] = [inputs[0], inputs[0].detach().flatten(0, 1)[here].to(_KEPT)]
            seen.read.append(last[1])
            if not output.requires_grad:  # the first adapted layer: nothing below it has a gradient
                output.requires_grad_(True)
            output.register_hook(lambda slope: seen.gradients.append(slope.flatten(0, 1)[here].to(_KEPT)))

        return keep

    hooks = [layer.register_forward_hook(hook(seen)) for layer, seen in zip(layers, found, strict=True)]
    try:
        yield
    finally:
        for one in hooks:
            one.remove()


def _groups(layers: list[Any]) -> Iterator[list[Any]]:
    """Yield the layers in groups that fit into memory together."""
    group: list[Any] = []
    size = 0.0
    for layer in layers:
        width = layer.lora_A["default"].weight.shape[1] + layer.lora_B["default"].weight.shape[0]
        more = float(width) * (_FACT_TOKENS + _GUARD_TOKENS)
        if group and size + more > _MAX_NUMBERS:
            yield group
            group, size = [], 0.0
        group.append(layer)
        size += more
    if group:
        yield group


def _lora_layers(model: Any) -> Iterator[Any]:
    return (module for module in model.modules() if hasattr(module, "lora_A") and "default" in module.lora_A)
