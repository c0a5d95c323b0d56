"""How the arithmetic uses a processor: the quicker products.

Without a GPU the products of matrices are nearly all of the time. For those in fp32 torch calls MKL, which keeps to
AVX2 on processors that are not Intel's; oneDNN's kernels for AVX-512 are two to three times as fast there, and as exact
(docs/figures.md). Torch takes them where it may round the factors to bf16, which they only do where the processor has
AMX; where it has no AVX-512, nothing changes.
"""

from __future__ import annotations

import torch


def prepare() -> None:
    """Let torch take oneDNN's kernels for products in fp32, where there is no GPU and the processor has AVX-512."""
    if not torch.cuda.is_available():
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"
