"""Unsloth's own code for Llama and for TRL's trainer, on a box without a GPU.

Its mode for CPUs (`UNSLOTH_ALLOW_CPU=1`, made for its continuous integration) only lets it be imported: loading a model
asks torch for a CUDA device, and its norms and rotary embeddings are Triton kernels. So a card stands in that answers
what is asked of it, and the two kernels are written out in torch. All else that runs is Unsloth's: loading, attention
and its masks, the decoder's pass, the adapter, and the SFTTrainer that it makes of TRL's.
"""

from __future__ import annotations

import os
import tempfile
import types

os.environ |= {
    "UNSLOTH_ALLOW_CPU": "1",
    "UNSLOTH_DISABLE_STATISTICS": "1",
    "TORCHDYNAMO_DISABLE": "1",  # compiling takes minutes here
}
os.environ.setdefault("UNSLOTH_COMPILE_LOCATION", tempfile.mkdtemp(prefix="unsloth-"))

import torch

_CARD = types.SimpleNamespace(name="no card", total_memory=24 * 2**30, major=8, minor=0, multi_processor_count=2)
torch.cuda.get_device_properties = lambda *_: _CARD
torch.cuda.current_device = lambda: 0

import unsloth
import unsloth.models.llama as llama
import unsloth.models.loader as loader
from unsloth.models.rl import PatchFastRL
from unsloth.trainer import _patch_trl_trainer


class _Torch(types.ModuleType):
    """torch, with the processor for device 0."""

    def __getattr__(self, name):
        return getattr(torch, name)

    def device(self, what):
        return torch.device("cpu", 0) if isinstance(what, int) else torch.device(what)

    def empty(self, *size, device=None, **more):
        return torch.empty(*size, device="cpu" if isinstance(device, int) else device, **more)


def _norm(layer, x, *_, **__):
    wide = x.float()
    return layer.weight * (wide * (wide.pow(2).mean(-1, keepdim=True) + layer.variance_epsilon).rsqrt()).to(x.dtype)


def _rotate(queries, keys, cos, sin, positions=None):
    if positions is None:
        positions = torch.arange(queries.shape[2])[None]
    cos, sin = (table.squeeze()[positions.long()][:, None] for table in (cos, sin))

    def turned(x):
        half = x.shape[-1] // 2
        return torch.cat((-x[..., half:], x[..., :half]), -1)

    return queries * cos + turned(queries) * sin, keys * cos + turned(keys) * sin


llama.torch = loader.torch = _Torch("torch")
llama.DEVICE_COUNT, llama.get_current_device = 1, lambda: 0
llama.fast_rms_layernorm = llama.fast_rms_layernorm_inference = _norm
llama.fast_rope_embedding = _rotate

# In its mode for CPUs it leaves TRL's trainers as they are; here they are what is looked at.
os.environ["UNSLOTH_ALLOW_CPU"] = "0"
PatchFastRL(FastLanguageModel=unsloth.FastLanguageModel)
_patch_trl_trainer()
