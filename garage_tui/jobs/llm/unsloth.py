"""A base model loaded and adapted by Unsloth, and its body asked like one of transformers'.

What Unsloth does otherwise than transformers (2026.10.6, `unsloth/models/llama.py`), and what is done about it:

* Its forward passes take and give the kept keys and values as pairs, and know no `Cache`: `Decoder` translates.
* While it trains it leaves out the mask, for it counts on rows that are filled up on their right. Packed rows of a
  guarded run would then see one another: `keep_masks` has it keep them, as it does itself for PPO.
* On a GPU it refuses a mask of truth values: `Decoder` gives it numbers to add.
* Its fused LoRA kernels go around the LoRA layers, to which a guarded run listens (`jobs/lora/gauss_newton.py`,
`jobs/lora/subspace_init.py`):
  such a run gets its adapter from PEFT itself, and keeps Unsloth's loading, norms, rotary embeddings and attention.
"""

from __future__ import annotations

from typing import Any

import torch

from garage_tui.core.base.errors import GarageError
from garage_tui.core.models.base_models import BaseModel, config_of
from garage_tui.core.training.recipe import LoraRecipe

_LENGTH = 4096
"""Tokens of the longest row, where the base goes so far: a report card has the facts before a question."""


def load(base: BaseModel, failure: str, recipe: LoraRecipe) -> tuple[Any, Any]:
    """Return tokenizer and model: bf16 on a GPU that knows it, else fp16; fp32 in its mode without one.

    Args:
        failure: how the sentence begins that says it could not be loaded.

    Raises:
        GarageError: the folder holds no chat model with safetensors weights; the text says what is wrong.
    """
    from unsloth import FastLanguageModel

    from garage_tui.jobs.llm.load import check, load_tokenizer, why_not

    check(base, failure)
    tokenizer = load_tokenizer(base, failure)  # as it is: Unsloth would give it another filler
    try:
        model, _ = FastLanguageModel.from_pretrained(
            str(base.path),
            max_seq_length=_longest(base, recipe),
            dtype=None if torch.cuda.is_available() else torch.float32,
            load_in_4bit=bool(recipe.load_in_4bit),
            use_gradient_checkpointing=_checkpointing(recipe),
            use_exact_model_name=True,  # not a quantised one that it knows by a like name
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        if "out of memory" in str(error):
            raise
        raise GarageError(f"{failure}: {why_not(base, error)}") from error
    if recipe.load_in_4bit and getattr(model.config, "quantization_config", None) is None:
        # Where bitsandbytes has no kernel for this box, Unsloth says so in its log and loads four times as much.
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


def is_unsloths(body: Any) -> bool:
    """Return whether a decoder's forward pass is one of Unsloth's own."""
    return str(getattr(type(body).forward, "__module__", "")).startswith("unsloth.")


def keep_masks(model: Any) -> None:
    """Have a model of Unsloth's heed the mask while it trains, too; others do anyway."""
    for module in model.modules():
        if hasattr(module, "embed_tokens"):
            module._unsloth_keep_padding_mask = True


class Decoder:
    """The body of a model of Unsloth's, asked as transformers' are.

    Args:
        body: takes kept keys and values as pairs, layer by layer.
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
            attention_mask: (lines, kept tokens too), or (lines, 1, tokens, tokens) bool, True where one may look.
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
    """Return how long a row may be; beyond what the base was made for Unsloth would stretch its positions."""
    most = config_of(base.path).get("max_position_embeddings")
    wanted = max(recipe.max_length, _LENGTH)
    return min(wanted, most) if isinstance(most, int) else wanted


def _checkpointing(recipe: LoraRecipe) -> str | bool:
    """Return how activations are saved: on a GPU by Unsloth's own way, of a guarded run by transformers'."""
    if not torch.cuda.is_available():
        return False
    return True if recipe.guarded else "unsloth"
