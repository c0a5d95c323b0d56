"""The estimate of the memory that a diffusion run needs, from its net, its batch and its pictures.

It counts block by block, as diffusers' `UNet2DModel` is built (`models/unets/unet_2d.py`, `models/resnet.py`,
`models/attention_processor.py` of 0.42). docs/explain/butterflies.md compares the estimates with real runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.diffusion.recipe import DiffusionRecipe

_BYTES = 4
"""Bytes of a 32-bit number. bf16 halves most activations on a GPU; the estimate does not assume it."""
_TRAINED = 5
"""Numbers for each parameter during a step: weight, gradient, AdamW's two moments, running mean."""
_SAVED = 6
"""Numbers for each parameter while a checkpoint is written or read: no gradient, but the two moments twice."""
_DRAWN = 5
"""Numbers for each parameter while a sheet is drawn: no gradient, but a copy of the weights beside the running mean."""
_LAYERS, _TABLES = 4, 2
"""Layers of a block, and attention tables, that are in memory at once beside the saved activations."""
_AT_ONCE = 64
"""Pictures in one batch of the sampler (`jobs/diffusion/samplers.py`)."""
_FEATURES = 2 * 32 * 128
"""Numbers for each pixel while pictures are compared: batches of 128, two layers of 32 channels
(`jobs/diffusion/kernel_inception_distance.py`)."""
_SPARE = 1.15
"""Factor for the memory that the allocator loses to fragmentation."""
_PYTHON = 0.65e9
"""Bytes of Python, torch, diffusers and their libraries, on a CPU."""
CUDA_CONTEXT = 0.8e9
"""Bytes of a CUDA context, which torch's allocator does not count."""
_WORKSPACE = 1e9
"""Bytes of the workspaces of cuDNN and torch.compile: a cautious guess."""
_WORK_OF_AN_ACTIVATION = 237
"""Multiplications that take as long as writing and reading a saved activation on a CPU: with that `class` takes 32
times as long for a picture as `small`, as measured (docs/explain/butterflies.md)."""
_PICTURE_COPIES = 2
"""Copies of the training pictures in memory, one byte for each channel of a pixel."""


@dataclass(frozen=True)
class Net:
    """The sizes of a U-Net: counts of numbers; activations are those of one picture."""

    parameters: int
    kept: int
    """Activations that the forward pass saves for the backward pass."""
    skipped: int
    """Activations of the skip connections, which sampling keeps too."""
    passing: int
    """Most temporary activations of one block, beside the saved ones."""
    work: int
    """Multiplications of one forward pass."""

    @property
    def effort(self) -> float:
        """Time of a step for one picture, in multiplications: those, and the traffic of its activations."""
        return self.work + _WORK_OF_AN_ACTIVATION * self.kept


def net_of(recipe: DiffusionRecipe, fused: bool = False) -> Net:
    """Return the sizes of a recipe's net.

    Args:
        fused: True for an attention kernel that saves no length × length table (arXiv 2205.14135), as on a GPU.
    """
    channels, time = recipe.channels, 4 * recipe.channels[0]
    areas = [(recipe.size // recipe.patch // 2**level) ** 2 for level in range(len(channels))]
    ends = 3 * recipe.patch**2
    parameters = 9 * ends * channels[0] + channels[0] + channels[0] * time + time + time * time + time
    kept, passing, skips = areas[0] * (ends + channels[0]), 0, [areas[0] * channels[0]]
    work = 2 * 9 * ends * channels[0] * areas[0]

    def block(inward: int, outward: int, area: int, joined: bool = False) -> None:
        """Count a residual block: norm, SiLU, convolution, the time added, norm, SiLU, convolution, sum.

        In the upward half, a block first concatenates its inputs, which are saved twice (`joined`).
        """
        nonlocal parameters, kept, passing, work
        work += area * outward * (9 * inward + 9 * outward + (inward if inward != outward else 0))
        parameters += 9 * inward * outward + 9 * outward**2 + time * outward + 2 * inward + 5 * outward
        parameters += inward * outward + outward if inward != outward else 0
        kept += area * (4 * inward + 3 * outward if joined else 2 * inward + 4 * outward)
        passing = max(passing, _LAYERS * area * max(inward, outward))

    def attention(width: int, area: int) -> None:
        """Count an attention block: norm, queries, keys, values, attention table, output projection, sum."""
        nonlocal parameters, kept, passing, work
        work += area * width * (4 * width + 2 * area)
        parameters += 4 * (width**2 + width) + 2 * width
        table = 0 if fused else width // recipe.head_dim * area**2
        kept += 11 * area * width + table
        passing = max(passing, _LAYERS * area * width + _TABLES * table)

    def convolution(width: int, area: int, before: int) -> None:
        """Count a convolution that halves or doubles the side, and its input."""
        nonlocal parameters, kept, work
        work += 9 * width**2 * area
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
    return Net(parameters, kept, sum(skips), passing, work)


def memory_of(recipe: DiffusionRecipe, pictures: int, gpus: int = 0) -> float:
    """Return the peak memory of a run in bytes: on each of its GPUs, or in main memory if it has none.

    It is the largest need of a step, a checkpoint and a sheet; without a GPU, the report card at the end adds to it.

    Args:
        pictures: number of training pictures.
        gpus: number of GPUs that share a batch; 0 for the CPU.
    """
    net = net_of(recipe, fused=gpus > 0)
    batch = min(-(-recipe.batch_size // max(1, gpus)), pictures)
    step = _TRAINED * net.parameters + batch * (net.kept + net.passing)
    sheet = _DRAWN * net.parameters + _AT_ONCE * (net.skipped + net.passing)
    if gpus:
        # Checkpoints and the report card's features are in main memory. Autocast keeps a 16-bit copy of the weights.
        return _SPARE * _BYTES * max(step + net.parameters / 2, sheet) + _WORKSPACE + CUDA_CONTEXT
    # The report card adds to the peak: the allocator keeps most of the memory that the steps have freed.
    most = max(step, sheet, _SAVED * net.parameters) + _FEATURES * recipe.size**2
    return _SPARE * _BYTES * most + _PICTURE_COPIES * pictures * 3 * recipe.size**2 + _PYTHON
