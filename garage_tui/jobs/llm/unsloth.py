"""A base model loaded and adapted by Unsloth, with the interface of a transformers model.

How Unsloth differs from transformers (2026.10.6, `unsloth/models/llama.py`), and what is done about it:

* Its forward passes use pairs of keys and values in place of a `Cache`: `Decoder` translates.
* In training it drops the attention mask, because it assumes padding on the right. Packed rows of a guarded run would
  then see one another: `keep_masks` makes it keep the mask, as it does itself for PPO.
* On a GPU it does not accept a boolean mask: `Decoder` gives it numbers to add.
* Its fused LoRA kernels bypass the LoRA layers, on which a guarded run has hooks (`jobs/lora/gauss_newton.py`,
  `jobs/lora/subspace_init.py`). Such a run gets its adapter from PEFT, and keeps Unsloth's loading, norms, rotary
  embeddings and attention.
"""

from __future__ import annotations

from typing import Any

import torch

from garage_tui.core.base.errors import GarageError
from garage_tui.core.models.base_models import BaseModel, config_of
from garage_tui.core.training.recipe import LoraRecipe

_LENGTH = 4096
"""Tokens of the longest row, as far as the base supports it: a report card puts the facts before a question."""


def load(base: BaseModel, failure: str, recipe: LoraRecipe) -> tuple[Any, Any]:
    """Return tokenizer and model: bf16 on a GPU that supports it, else fp16; fp32 without a GPU.

    Args:
        failure: the beginning of the error message.

    Raises:
        GarageError: the folder holds no chat model with safetensors weights; the text says what is wrong.
    """
    from unsloth import FastLanguageModel

    from garage_tui.jobs.llm.load import check, load_failure, load_tokenizer

    check(base, failure)
    tokenizer = load_tokenizer(base, failure)  # unchanged: Unsloth would replace its padding token
    try:
        model, _ = FastLanguageModel.from_pretrained(
            str(base.path),
            max_seq_length=_longest(base, recipe),
            dtype=None if torch.cuda.is_available() else torch.float32,
            load_in_4bit=bool(recipe.load_in_4bit),
            use_gradient_checkpointing=_checkpointing(recipe),
            use_exact_model_name=True,  # not a quantised one with a similar name
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        if "out of memory" in str(error):
            raise
        raise GarageError(f"{failure}: {load_failure(base, error)}") from error
    if recipe.load_in_4bit and getattr(model.config, "quantization_config", None) is None:
        # Where bitsandbytes has no kernel for this machine, Unsloth only logs it and loads 16-bit weights.
        why = "bitsandbytes does not work with Unsloth here"
        raise GarageError(f"{failure} in 4 bits: {why}; try --trainer peft, or --no-load-in-4bit")
    return tokenizer, model


def adapt(model: Any, recipe: LoraRecipe) -> Any:
    """Return the model with a fresh adapter and Unsloth's fused kernels on it, for a plain run."""
    from unsloth import FastLanguageModel

    return FastLanguageModel.get_peft_model(
        model,
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.targets),
        bias="none",
        use_gradient_checkpointing=_checkpointing(recipe),
        random_state=recipe.seed,
    )


def is_unsloth_decoder(body: Any) -> bool:
    """Return whether a decoder's forward pass is one of Unsloth's own."""
    return str(getattr(type(body).forward, "__module__", "")).startswith("unsloth.")


def keep_masks(model: Any) -> None:
    """Make an Unsloth model use the attention mask in training too, as all others do."""
    for module in model.modules():
        if hasattr(module, "embed_tokens"):
            module._unsloth_keep_padding_mask = True


class Decoder:
    """The decoder of an Unsloth model with the interface of transformers' own.

    Args:
        body: takes cached keys and values as pairs, layer by layer.
    """

    def __init__(self, body: Any) -> None:
        self._body = body

    def __call__(
        self,
        *,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        position_ids: torch.Tensor,
        past_key_values: Any = None,
        use_cache: bool = False,
    ) -> Any:
        """Return what the body does; `past_key_values`, a transformers `Cache`, grows by the new tokens.

        Args:
            input_ids, position_ids: (lines, tokens) int64.
            attention_mask: (lines, cached and new tokens), or (lines, 1, tokens, tokens) bool, True where a token may
                attend.
        """
        if attention_mask.dim() == 4:
            dtype = self._body.embed_tokens.weight.dtype
            numbers = torch.zeros(attention_mask.shape, dtype=dtype, device=attention_mask.device)
            attention_mask = numbers.masked_fill_(~attention_mask, torch.finfo(dtype).min)
        kept = None
        if past_key_values is not None and past_key_values.get_seq_length():
            kept = tuple((layer.keys, layer.values) for layer in past_key_values.layers)
        out = self._body(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=kept,
            use_cache=use_cache,
        )
        if past_key_values is not None:
            new = input_ids.shape[1]
            for number, (keys, values) in enumerate(out.past_key_values):
                past_key_values.update(keys[:, :, -new:], values[:, :, -new:], number)
        return out


def _longest(base: BaseModel, recipe: LoraRecipe) -> int:
    """Return how long a row may be; beyond the base's own limit Unsloth would rescale its positions."""
    most = config_of(base.path).get("max_position_embeddings")
    length = max(recipe.max_length, _LENGTH)
    return min(length, most) if isinstance(most, int) else length


def _checkpointing(recipe: LoraRecipe) -> str | bool:
    """Return the kind of gradient checkpointing: on a GPU Unsloth's own, for a guarded run transformers'."""
    if not torch.cuda.is_available():
        return False
    return True if recipe.guarded else "unsloth"
