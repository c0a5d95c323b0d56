"""How much memory a diffusion run needs, from the shape of its net, its batch and its pictures.

Counted block by block as diffusers' `UNet2DModel` is built (`models/unets/unet_2d.py`, `models/resnet.py`,
`models/attention_processor.py` of 0.42); docs/explain/butterflies.md has what it says beside what real runs took.
"""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.diffusion.recipe import DiffusionRecipe

_BYTES = 4
"""Of a number in 32 bit. bf16 halves most of what is kept on a GPU; that is not counted on."""
_TRAINED = 5
"""Numbers for each parameter in a step: itself, gradient, AdamW's two moments, running mean."""
_SAVED = 6
"""… while a checkpoint is written or read: all but the gradient, and the two moments once more."""
_DRAWN = 5
"""… while a sheet is drawn: all but the gradient, and the weights that the running mean stands in for."""
_LAYERS, _TABLES = 4, 2
"""How many layers of a block, and tables of its attention, are there at once beside what is kept."""
_AT_ONCE = 64
"""Pictures that are drawn or measured at once (`jobs/diffusion/samplers.py`)."""
_FEATURES = 2 * 32 * 128
"""Numbers for each pixel while pictures are compared: 128 at once, two layers of 32 channels
(`jobs/diffusion/kernel_inception_distance.py`)."""
_SPARE = 1.15
"""What the allocator loses between blocks of many sizes."""
_PYTHON = 0.65e9
"""Bytes of Python, torch, diffusers and what they load, on a processor."""
CUDA_CONTEXT = 0.8e9
"""Bytes of a CUDA context, which the allocator does not count."""
_WORKSPACE = 1e9
"""Bytes that cuDNN and torch.compile take to work with: a guess on the safe side."""
_PICTURE_COPIES = 2
"""How often the pictures are in memory at once, as bytes."""


@dataclass(frozen=True)
class Net:
    """What a U-Net holds, in numbers; those of pictures are for one picture."""

    parameters: int
    kept: int
    """What a step keeps of the way forward for the way back."""
    skipped: int
    """What waits on the way down to be joined on the way up, also where nothing is learned."""
    passing: int
    """The most that a block holds while it works, beside what is kept."""


def net_of(recipe: DiffusionRecipe, fused: bool = False) -> Net:
    """Return what the net of a recipe holds.

    Args:
        fused: attention by a kernel that keeps no table of length × length (arXiv 2205.14135), as on a GPU.
    """
    channels, time = recipe.channels, 4 * recipe.channels[0]
    areas = [(recipe.size // recipe.patch // 2**level) ** 2 for level in range(len(channels))]
    ends = 3 * recipe.patch**2
    parameters = 9 * ends * channels[0] + channels[0] + channels[0] * time + time + time * time + time
    kept, passing, skips = areas[0] * (ends + channels[0]), 0, [areas[0] * channels[0]]

    def block(inward: int, outward: int, area: int, joined: bool = False) -> None:
        """Count a residual block: norm, SiLU, convolution, the time added, norm, SiLU, convolution, sum.

        On the way up its inputs are joined first, and kept twice; its sum is kept where it is joined again.
        """
        nonlocal parameters, kept, passing
        parameters += 9 * inward * outward + 9 * outward**2 + time * outward + 2 * inward + 5 * outward
        parameters += inward * outward + outward if inward != outward else 0
        kept += area * (4 * inward + 3 * outward if joined else 2 * inward + 4 * outward)
        passing = max(passing, _LAYERS * area * max(inward, outward))

    def attention(width: int, area: int) -> None:
        """Count a block of attention: norm, queries, keys, values, the table, the way out, sum."""
        nonlocal parameters, kept, passing
        parameters += 4 * (width**2 + width) + 2 * width
        table = 0 if fused else width // recipe.head_dim * area**2
        kept += 11 * area * width + table
        passing = max(passing, _LAYERS * area * width + _TABLES * table)

    def convolution(width: int, area: int, before: int) -> None:
        """Count what halves or doubles the side: a convolution, and what it sees."""
        nonlocal parameters, kept
        parameters += 9 * width**2 + width
        kept += width * (area + before)

    width, last = channels[0], len(channels) - 1
    stack = [channels[0]]
    for level, (outward, area) in enumerate(zip(channels, areas, strict=True)):
        for _ in range(recipe.layers):
            block(width, outward, area)
            width = outward
            if recipe.attention[level]:
                attention(width, area)
            stack.append(width)
            skips.append(area * width)
        if level < last:
            convolution(width, areas[level + 1], 0)
            stack.append(width)
            skips.append(areas[level + 1] * width)
    block(width, width, areas[-1])
    attention(width, areas[-1])
    block(width, width, areas[-1])
    for level in range(last, -1, -1):
        for _ in range(recipe.layers + 1):
            block(width + stack.pop(), channels[level], areas[level], joined=True)
            width = channels[level]
            if recipe.attention[level]:
                attention(width, areas[level])
        if level:
            convolution(width, areas[level - 1], areas[level - 1])
    parameters += 2 * width + 9 * width * ends + ends
    kept += areas[0] * (3 * width + ends)
    return Net(parameters, kept, sum(skips), passing)


def memory_of(recipe: DiffusionRecipe, pictures: int, gpus: int = 0) -> float:
    """Return the most bytes that a run needs: on each of its GPUs, or without one in memory.

    The most of three moments counts, a step, a checkpoint and a sheet; and the card at the end.

    Args:
        pictures: how many it learns from.
        gpus: how many share a batch; 0 is the processor.
    """
    net = net_of(recipe, fused=gpus > 0)
    batch = min(-(-recipe.batch_size // max(1, gpus)), pictures)
    step = _TRAINED * net.parameters + batch * (net.kept + net.passing)
    sheet = _DRAWN * net.parameters + _AT_ONCE * (net.skipped + net.passing)
    if gpus:
        # What is saved, and the card's features, are in the box's memory. Autocast keeps the weights in 16 bit, too.
        return _SPARE * _BYTES * max(step + net.parameters / 2, sheet) + _WORKSPACE + CUDA_CONTEXT
    # The card comes last, and on top: the allocator keeps most of what the steps have given back.
    most = max(step, sheet, _SAVED * net.parameters) + _FEATURES * recipe.size**2
    return _SPARE * _BYTES * most + _PICTURE_COPIES * pictures * 3 * recipe.size**2 + _PYTHON
