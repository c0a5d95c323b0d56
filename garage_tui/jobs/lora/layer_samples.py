"""What the LoRA directions are read from: the inputs of layers and the gradients at their outputs, at some tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch

from garage_tui.core.hardware.memory import free_memory
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.lora.specific_directions import Sample, SecondMoment

_AT_ONCE, _AT_ONCE_WIDE = 16, 8
"""Examples in one pass; the latter from the width `_WIDE` on, where a pass keeps gigabytes for its backward half."""
_WIDE = 2048
_SHARE = 0.5
"""Share of the free memory that samples may take."""
_LEAST_ROOM = 1.4e9
"""Bytes that they may take in any case."""
_KEPT = torch.bfloat16
"""Eight bits of mantissa are enough for a second moment over hundreds of tokens, and half the memory."""


Kept = TypeVar("Kept", bound=Sample | SecondMoment, covariant=True)


@dataclass(frozen=True)
class LayerSamples(Generic[Kept]):
    """The inputs of one layer, counted by tokens, and the gradients at its output, counted by labels."""

    inputs: Kept
    slopes: Kept


class _LayerRows:
    """What one layer read and got back in the passes so far: (tokens, width) of each pass, in `_KEPT`."""

    def __init__(self) -> None:
        self.read: list[torch.Tensor] = []
        self.gradients: list[torch.Tensor] = []


def collect(
    model: Model,
    layers: Sequence[Any],
    examples: Sequence[TokenizedExample],
    report: Callable[[], None],
    *,
    drawn: bool,
) -> list[LayerSamples[Sample]]:
    """Run examples and keep what each layer reads and gets back; layers with the same input share one tensor.

    Args:
        report: called after each pass.
        drawn: the labels are drawn from the model itself; else they are the examples' own.
    """
    found, labels = [_LayerRows() for _ in layers], 0
    for more in _passes(model, layers, found, examples, drawn):
        labels += more
        report()
    whole: dict[tuple[int, ...], Sample] = {}
    samples = []
    for seen in found:
        if (read := tuple(map(id, seen.read))) not in whole:
            rows = torch.cat(seen.read)
            whole[read] = Sample(rows, len(rows))
        samples.append(LayerSamples(whole[read], Sample(torch.cat(seen.gradients), labels)))
        seen.gradients.clear()
    return samples


def collect_moments(
    model: Model,
    layers: Sequence[Any],
    examples: Sequence[TokenizedExample],
    report: Callable[[], None],
    most: int,
) -> Sequence[LayerSamples[Sample | SecondMoment]]:
    """As `collect` with drawn labels, for more tokens than memory could hold.

    Where the tokens are more than a layer's width, only their second moment is kept. Of wider layers about `most`
    tokens are kept: they come first, so `examples` must be in an order in which the first ones stand for all.
    """
    tokens = sum(example.tokens for example in examples)
    found = [_LayerRows() for _ in layers]
    inputs: dict[int, _Gathered] = {}
    slopes = [_Gathered(tokens, most) for _ in layers]
    source: list[int] = []
    for labels in _passes(model, layers, found, examples, True):
        last = [seen.read.pop() for seen in found]
        # Which layers share their input is the same in every pass.
        source = source or [next(at for at, read in enumerate(last) if read is mine) for mine in last]
        for at in set(source):
            inputs.setdefault(at, _Gathered(tokens, most)).add(last[at], len(last[at]))
        for seen, gathered in zip(found, slopes, strict=True):
            gathered.add(seen.gradients.pop(), labels)
        report()
    whole = {at: gathered.result() for at, gathered in inputs.items()}
    return [LayerSamples(whole[at], gathered.result()) for at, gathered in zip(source, slopes, strict=True)]


class _Gathered:
    """Rows of one kind that arrive pass by pass: kept, or added to a second moment.

    Args:
        tokens: how many will arrive.
        most: how many are kept where the second moment would be larger.
    """

    def __init__(self, tokens: int, most: int) -> None:
        self._tokens, self._most = tokens, most
        self._kept: list[torch.Tensor] = []
        self._moment: torch.Tensor | None = None
        self._rows = self._samples = 0

    def add(self, rows: torch.Tensor, samples: int) -> None:
        if rows.shape[1] > self._tokens:
            if self._rows >= self._most:
                return
            self._kept.append(rows)
        else:
            if self._moment is None:
                self._moment = torch.zeros(rows.shape[1], rows.shape[1], device=rows.device)
            self._moment.addmm_(rows.float().T, rows.float())
        self._rows += len(rows)
        self._samples += samples

    def result(self) -> Sample | SecondMoment:
        if self._moment is not None:
            return SecondMoment(self._moment, self._samples)
        return Sample(torch.cat(self._kept), self._samples)


def _passes(
    model: Model, layers: Sequence[Any], found: list[_LayerRows], examples: Sequence[TokenizedExample], drawn: bool
) -> Iterator[int]:
    """Run examples forward and backward, and yield the number of labels of each pass."""
    generator = torch.Generator(model.device).manual_seed(0)
    for start in range(0, len(examples), at_once(model)):
        batch = model.pack(examples[start : start + at_once(model)])
        with torch.enable_grad(), _hooks(layers, found, batch.own.nonzero()[:, 0]):
            logits = model.logits(model.hidden(batch))
            labels = batch.labels.to(logits.device)
            if drawn:
                labels = _drawn(logits.detach(), generator)
            torch.nn.functional.cross_entropy(logits, labels, reduction="sum").backward()
        yield len(batch.labels)


def at_once(model: Model) -> int:
    """Return how many examples are in one pass."""
    return _AT_ONCE_WIDE if model.head.weight.shape[1] > _WIDE else _AT_ONCE


def _drawn(logits: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw a token from each row of logits; torch.multinomial takes ten times as long over so many."""
    reached = logits.softmax(-1).cumsum(-1)
    # Rounding may leave the last sum a little below one.
    position = torch.rand(len(logits), 1, generator=generator, device=logits.device) * reached[:, -1:]
    return torch.searchsorted(reached, position).clamp(max=logits.shape[-1] - 1)[:, 0]


@contextmanager
def _hooks(layers: Sequence[Any], found: list[_LayerRows], own: torch.Tensor) -> Iterator[None]:
    last: list[torch.Tensor] = []  # the last input, and its selected rows

    def hook(seen: _LayerRows) -> Any:
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


def groups(model: Model, layers: Sequence[Any], bytes_of: Callable[[int], float]) -> Iterator[list[Any]]:
    """Yield the layers in groups whose samples fit into memory together.

    Args:
        bytes_of: what the samples of one width take.
    """
    room = max(_LEAST_ROOM, _SHARE * _free_bytes(model.device))
    group: list[Any] = []
    size = 0.0
    for layer in layers:
        more = sum(bytes_of(width) for width in widths(layer))
        if group and size + more > room:
            yield group
            group, size = [], 0.0
        group.append(layer)
        size += more
    if group:
        yield group


def widths(layer: Any) -> tuple[int, int]:
    """Return the width of a LoRA layer's input and of its output."""
    return layer.lora_A["default"].weight.shape[1], layer.lora_B["default"].weight.shape[0]


def bytes_kept(rows: int, width: int) -> float:
    """Return what rows of one width take."""
    return float(rows * width * _KEPT.itemsize)


def bytes_streamed(tokens: int, most: int, width: int) -> float:
    """Return what `collect_moments` keeps of one width."""
    return bytes_kept(most, width) if width > tokens else 4.0 * width * width


def _free_bytes(device: torch.device) -> float:
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return float(torch.cuda.mem_get_info(device)[0] + cached)
    return free_memory(()) or 0.0
