"""What a model and an adapter need alike to be written as GGUF: llama.cpp's architectures, and its order of rows."""

from __future__ import annotations

from typing import Any, TypeVar

from gguf import MODEL_ARCH, MODEL_ARCH_NAMES

KINDS = {name: kind for kind, name in MODEL_ARCH_NAMES.items()}
"""llama.cpp's architectures, by their names."""
INTERLEAVED = (MODEL_ARCH.LLAMA, MODEL_ARCH.SMOLLM3)
"""The architectures whose query and key projections are in llama.cpp's own order of rows, for its way to
compute rotary embeddings."""

T = TypeVar("T", bound=Any)


def interleaved(rows: T, heads: int) -> T:
    """Return the rows of a query or key projection in llama.cpp's order: each pair that turns together is adjacent.

    Args:
        rows: (heads * head_dim, …), an array of numpy or a tensor of torch.
    """
    half = rows.shape[0] // heads // 2
    ordered: T = rows.reshape(heads, 2, half, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)
    return ordered
