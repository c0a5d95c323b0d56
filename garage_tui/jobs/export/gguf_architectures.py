"""The architectures that `gguf_model.py` writes: their numbers in a GGUF, and how their tensors differ."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from gguf import MODEL_ARCH, GGUFWriter, RopeScalingType

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.export.gguf_support import ARCHITECTURES, architecture_of
from garage_tui.jobs.llm.gguf.gguf_order import INTERLEAVED, KINDS, interleaved

_GEMMA = (MODEL_ARCH.GEMMA2, MODEL_ARCH.GEMMA3)
_YARN_KEYS = {"rope_type", "type", "rope_theta", "factor", "original_max_position_embeddings", "beta_fast", "beta_slow"}


@dataclass(frozen=True)
class Architecture:
    """What is written for one model besides its vocabulary."""

    kind: MODEL_ARCH
    config: Any
    """The model's config, as transformers has it."""

    @property
    def layers(self) -> int:
        return int(self.config.num_hidden_layers)

    @property
    def head_dim(self) -> int:
        own = getattr(self.config, "head_dim", None)
        return int(own or self.config.hidden_size // self.config.num_attention_heads)

    @property
    def rope(self) -> dict[str, Any]:
        """The parameters of the rotary embedding, of the layers with full attention where there are two kinds."""
        found: dict[str, Any] = self.config.rope_parameters or {}
        full: dict[str, Any] = found.get("full_attention", found)
        return full

    @property
    def tied(self) -> bool:
        return bool(self.config.tie_word_embeddings)

    def write(self, writer: GGUFWriter) -> None:
        """Add the model's numbers to a GGUF's metadata."""
        config, context = self.config, int(self.config.max_position_embeddings)
        window = getattr(config, "sliding_window", None)
        if self.kind == MODEL_ARCH.LLAMA and window:
            context = min(context, int(window))  # llama.cpp has no window for it; up to there both are the same
        writer.add_vocab_size(config.vocab_size)
        writer.add_context_length(context)
        writer.add_embedding_length(config.hidden_size)
        writer.add_block_count(self.layers)
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_head_count(config.num_attention_heads)
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_key_length(self.head_dim)
        writer.add_value_length(self.head_dim)
        writer.add_rope_dimension_count(self.head_dim)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_freq_base(self.rope["rope_theta"])
        if self.rope.get("rope_type") in ("linear", "yarn"):
            yarn = self.rope["rope_type"] == "yarn"
            writer.add_rope_scaling_type(RopeScalingType.YARN if yarn else RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(self.rope["factor"])
            if yarn:
                writer.add_rope_scaling_orig_ctx_len(self.rope["original_max_position_embeddings"])
        if self.kind in _GEMMA and window:
            writer.add_sliding_window(window)
        if self.kind == MODEL_ARCH.GEMMA2:
            writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
            writer.add_final_logit_softcapping(config.final_logit_softcapping)
        if self.kind == MODEL_ARCH.GEMMA3:
            writer.add_rope_freq_base_swa(config.rope_parameters["sliding_attention"]["rope_theta"])

    def rope_factors(self) -> torch.Tensor | None:
        """Return by what the rotary frequencies of Llama 3.1 and later are divided, (head_dim / 2,); else None."""
        rope = self.rope
        if rope.get("rope_type") != "llama3":
            return None
        factor, low, high = rope["factor"], rope["low_freq_factor"], rope["high_freq_factor"]
        context = rope["original_max_position_embeddings"]
        powers = torch.arange(0, self.head_dim, 2, dtype=torch.float64) / self.head_dim
        turns = context / (2 * math.pi * float(rope["rope_theta"]) ** powers)  # in the context of its first training
        smooth = ((turns - low) / (high - low)).clamp(0, 1)
        return (1 / ((1 - smooth) / factor + smooth)).float()

    def convert(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        """Return a tensor as llama.cpp has it, by its name in the checkpoint."""
        if self.kind in INTERLEAVED and ".self_attn.q_proj." in name:
            return interleaved(tensor, self.config.num_attention_heads)
        if self.kind in INTERLEAVED and ".self_attn.k_proj." in name:
            return interleaved(tensor, self.config.num_key_value_heads)
        if self.kind in _GEMMA and name.endswith("norm.weight"):
            return tensor.float() + 1  # Gemma multiplies by 1 + weight
        return tensor


def read_architecture(folder: Path) -> Architecture:
    """Return the architecture of a model folder.

    Raises:
        GarageError: it is none of `ARCHITECTURES`, or has a feature that llama.cpp computes differently.
    """
    from transformers import AutoConfig, PretrainedConfig

    try:
        table = PretrainedConfig.get_config_dict(folder, local_files_only=True)[0]
        kind = architecture_of(table)
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False) if kind else None
    except (OSError, ValueError, KeyError) as error:
        raise GarageError(f"{folder / 'config.json'} cannot be read: {reason_of(error, 160)}") from error
    named = (table.get("architectures") or [""])[0]
    if kind is None:
        raise GarageError(
            f"a GGUF of {one_line(str(named), 60) or 'a model without a named architecture'} cannot be written here; "
            f"these can: {', '.join(name.removesuffix('ForCausalLM') for name in ARCHITECTURES)}"
        )
    found = Architecture(KINDS[kind], config)
    for has_it, reason in _DIFFERENCES:
        if has_it(found):
            raise GarageError(f"{folder.name} ({named}) cannot be written as a GGUF: {reason}")
    return found


def _other_rope(found: Architecture) -> bool:
    rope = found.rope
    kind = rope.get("rope_type", "default")
    if kind == "yarn":
        usual = (rope.get("beta_fast") or 32) == 32 and (rope.get("beta_slow") or 1) == 1
        return not usual or bool({key for key, value in rope.items() if value is not None} - _YARN_KEYS)
    return kind not in ("default", "linear", "llama3") or rope.get("partial_rotary_factor", 1) != 1


def _other_scale(found: Architecture) -> bool:
    """Return whether a Gemma scales its queries otherwise than llama.cpp, which goes by the number of layers."""
    if found.kind not in _GEMMA:
        return False
    config = found.config
    largest = {MODEL_ARCH.GEMMA2: 46, MODEL_ARCH.GEMMA3: 62}[found.kind]
    scale = config.hidden_size / config.num_attention_heads if found.layers == largest else found.head_dim
    return bool(config.query_pre_attn_scalar != scale)


def _other_layers(found: Architecture) -> bool:
    """Return whether other layers than llama.cpp's have a sliding window, or no rotary embedding."""
    config, every = found.config, range(1, found.layers + 1)
    if found.kind in _GEMMA:
        period = 2 if found.kind == MODEL_ARCH.GEMMA2 else 6
        usual = ["full_attention" if layer % period == 0 else "sliding_attention" for layer in every]
        return list(config.layer_types) != usual
    if found.kind == MODEL_ARCH.SMOLLM3:
        return list(config.no_rope_layers) != [int(layer % 4 != 0) for layer in every] or bool(
            config.use_sliding_window
        )
    return found.kind != MODEL_ARCH.LLAMA and bool(getattr(config, "use_sliding_window", False))


_DIFFERENCES: tuple[tuple[Callable[[Architecture], bool], str], ...] = (
    (lambda found: bool(getattr(found.config, "quantization_config", None)), "its weights are quantised already"),
    (
        lambda found: found.config.hidden_act != "silu" if found.kind not in _GEMMA
        else found.config.hidden_activation != "gelu_pytorch_tanh",
        "it has an activation function that llama.cpp does not use for it",
    ),
    (_other_rope, "its rotary embedding is scaled in a way that is not known here"),
    (_other_scale, "its queries are scaled otherwise than in llama.cpp"),
    (_other_layers, "llama.cpp has sliding windows or rotary embeddings in other layers"),
)  # fmt: skip
