"""Do our kernels compute on the device what they compute on the processor? Each row is the largest difference.

A difference is that of two tensors over the largest number in the processor's. Single precision keeps 7 digits, and a
GPU adds in another order: products are expected to agree within 1e-4, whole models and Gauss-Newton steps within 1e-2.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch

from garage_tui.jobs.llm import attention
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.packing import PackedBatch, pack
from garage_tui.jobs.lora.gauss_newton import GaussNewton
from garage_tui.jobs.lora.specific_directions import Sample, specific_directions
from garage_tui.jobs.lora.subspace_init import OutputDirections, choose_directions, freeze_inputs
from gpu_parts.random_llama import small_model
from gpu_parts.rows import Options, Report

PRODUCTS, MODELS = 1e-4, 1e-2
"""Largest differences that are expected: of products, and of whole passes."""
HALF = 2e-2
"""Of products in bf16, which keeps 3 digits."""
STEPS = 3
LEAST_COSINE = 0.999
"""Of the two spaces of directions."""


def measure(options: Options, report: Report) -> None:
    """Report each kernel's largest difference."""
    torch.manual_seed(0)
    device = torch.device(options.device)
    for part in (_attention, _products, _models, _directions):
        for what, found, limit, note in part(device, options.dry):
            wrong = not found <= limit  # a NaN is wrong, too
            report(what, f"{found:.1e}", f"{note}; at most {limit:.0e} is expected", failed=wrong)


Found = Iterator[tuple[str, float, float, str]]
"""What, the largest difference, what is expected at most, and a note."""


def difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the largest difference of two tensors, as a share of the largest number in `expected`."""
    expected = expected.detach().cpu().double()
    return float((found.detach().cpu().double() - expected).abs().max() / expected.abs().max().clamp(min=1e-30))


def _attention(device: torch.device, dry: bool) -> Found:
    """Attention of packed lines with grouped queries: matrix products and torch's own kernel, both ways back."""
    heads, groups, size = (4, 2, 16) if dry else (32, 8, 128)
    batch = _batch()
    lines, _, width, _ = batch.mask.shape
    inputs = [torch.randn(lines, count, width, size) for count in (heads, groups, groups)]
    gradient = torch.randn(lines, heads, width, size)

    def usual(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        module = torch.nn.Module()
        module.num_key_value_groups = heads // groups  # what transformers reads
        return attention.attend(module, query, key, value, batch.mask.to(query.device))[0].transpose(1, 2)

    def products(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = attention._Products.apply(query, key, value, batch.mask.to(query.device), size**-0.5)
        return found

    def whole(kernel: Any, where: torch.device) -> list[torch.Tensor]:
        leaves = [part.to(where).requires_grad_() for part in (one.clone() for one in inputs)]
        out = kernel(*leaves)
        return [out, *torch.autograd.grad(out, leaves, gradient.to(where))]

    expected = whole(products, torch.device("cpu"))
    for name, kernel in (("matrix products", products), ("as jobs call it", usual)):
        worst = max(map(difference, whole(kernel, device), expected))
        yield f"attention, {name}", worst, PRODUCTS, "packed lines, forward and backward"


def _products(device: torch.device, dry: bool) -> Found:
    """Plain matrix products in the two precisions of a run."""
    width, inner = (64, 128) if dry else (4096, 14_336)
    left, right = torch.randn(256, inner), torch.randn(inner, width) / inner**0.5
    expected = left.double() @ right.double()
    yield "product in fp32", difference(left.to(device) @ right.to(device), expected), PRODUCTS, f"{inner} terms a sum"
    rounded = [part.bfloat16().to(device) for part in (left, right)]
    yield "product in bf16", difference((rounded[0] @ rounded[1]).float(), expected), HALF, f"{inner} terms a sum"


def _models(device: torch.device, dry: bool) -> Found:
    """A small Llama with an adapter: packing, gradients of each example, whole Gauss-Newton steps."""
    here = _Learning(small_model(dry), torch.device("cpu"))
    there = _Learning(small_model(dry), device, here)
    if not there.model.packs:
        raise RuntimeError("packed rows do not give on this device what single rows give (Model.packs)")
    with torch.no_grad():
        together = there.model.hidden(_batch())
        alone = [there.model.hidden(pack([row], PREFIX)) for row in _examples()]
        expected = here.model.hidden(_batch())
    yield "packing mask", difference(together, torch.cat(alone)), MODELS, "rows packed and rows alone, on the device"
    yield "hidden states", difference(together, expected), MODELS, "packed rows, four layers"
    for each in (here, there):
        each.losses().sum().backward()
    gradients, of_processor = there.gradients(), here.gradients()
    yield "gradients of each example", difference(gradients, of_processor), MODELS, f"{len(gradients)} examples"
    for number in range(STEPS):
        for each in (here, there):
            if number:
                each.optimiser.zero_grad()
                each.losses().sum().backward()
            each.optimiser.step()
    yield f"weights after {STEPS} Gauss-Newton steps", difference(there.weights(), here.weights()), MODELS, "all of B"


def _directions(device: torch.device, dry: bool) -> Found:
    """The directions of a layer, by both ways to them, from rows with a spectrum like that of hidden states."""
    for way, width, rows in (
        (("direct", 64, 160), ("dual", 160, 64)) if dry else (("direct", 2048, 2300), ("dual", 14_336, 2300))
    ):
        strength = torch.arange(1, width + 1).float() ** -0.6
        own, other = torch.randn(rows // 4, width) * strength.flip(0), torch.randn(rows, width) * strength
        found = []
        for where in (torch.device("cpu"), device):
            directions, energy = specific_directions(own.to(where), Sample(other.to(where), rows), 24, 0.05)
            found.append((torch.linalg.qr(directions.cpu().double()[:12].T)[0], energy.cpu().double()[:12]))
        (expected, energies), (space, measured) = found
        cosine = float(torch.linalg.svdvals(expected.T @ space).min())
        yield (
            f"directions, {way}: 1 - least cosine",
            1 - cosine,
            1 - LEAST_COSINE,
            f"width {width}, {rows} guard tokens",
        )
        yield f"directions, {way}: energies", difference(measured, energies), MODELS, "of the first 12"


class _Learning:
    """A model with an adapter and its optimiser on one device.

    Args:
        directions: those of another device; by default they are chosen here.
    """

    def __init__(self, made: tuple[Any, Any], where: torch.device, other: _Learning | None = None) -> None:
        whole, chats = made
        self.model = Model(whole.to(where).eval(), chats)
        with self.model.base():
            chosen = choose_directions(self.model, _examples()[:4], _examples()[4:])
        freeze_inputs(whole)
        if other is not None:  # two devices draw other labels, and so choose others
            with torch.no_grad():
                for (mine, _), (its, _) in zip(chosen, other.directions, strict=True):
                    mine.lora_A["default"].weight.copy_(its.lora_A["default"].weight)
            pairs = zip(chosen, other.directions, strict=True)
            chosen = [(mine, matrix.to(where)) for (mine, _), (_, matrix) in pairs]
        self.directions: OutputDirections = chosen
        self.optimiser = GaussNewton(chosen, lr=0.05, kl=4.0)

    def losses(self) -> torch.Tensor:
        """Return each example's loss, and announce it to the optimiser."""
        batch = _batch()
        logits = self.model.logits(self.model.hidden(batch))
        each = torch.nn.functional.cross_entropy(logits, batch.labels.to(logits.device), reduction="none")
        count = len(_examples())
        found = each.new_zeros(count).index_add(0, batch.owner.to(logits.device), each)
        facts = torch.arange(count, device=found.device) < count // 2
        self.optimiser.expect(batch.token_owner, found, facts)
        return found

    def gradients(self) -> torch.Tensor:
        """Return (examples, all numbers of M) of the last backward pass."""
        rows = [parts[-1].flatten(1).cpu() for parts in self.optimiser._rows.values()]
        return torch.cat(rows, 1)

    def weights(self) -> torch.Tensor:
        return torch.cat([layer.lora_B["default"].weight.detach().flatten().cpu() for layer, _ in self.directions])


def _examples() -> list[TokenizedExample]:
    """Return rows of different lengths, made of any tokens."""
    generator = torch.Generator().manual_seed(1)
    draw = [torch.randint(10, 400, (9 + 5 * number,), generator=generator).tolist() for number in range(8)]
    return [TokenizedExample(tuple(ids[:-6]), tuple(ids[-6:])) for ids in draw]


def _batch() -> PackedBatch:
    return copy.deepcopy(pack(_examples(), PREFIX, line=64))


PREFIX = (1, 2, 3)
