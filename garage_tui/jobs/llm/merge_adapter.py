"""Merging of a LoRA adapter into the 16-bit weights of its base."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, GenerationConfig
from transformers.utils import logging as transformers_logging

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.models.base_models import BaseModel
from garage_tui.jobs.llm.adapters import Adapters, read_adapter
from garage_tui.jobs.llm.legacy_config import make_legacy
from garage_tui.jobs.llm.load import check, load_failure

_SHARD = "5GB"  # of one safetensors file
_BESIDE = 1.15
"""Memory while merging, as a multiple of the weights: one more matrix at a time, in fp32."""


def dtype_of(base: Path) -> str:
    """Return the 16-bit type of a base's weights by its config: float16, else bfloat16.

    Raises:
        GarageError: the weights are quantised, and the originals cannot be recovered.
    """
    try:
        config = json.loads(read_regular(base / "config.json"))
    except (OSError, ValueError) as error:
        raise GarageError(f"{base / 'config.json'} cannot be read: {reason_of(error, 120)}") from error
    if config.get("quantization_config"):
        raise GarageError(
            f"{base.name} has quantised weights, but an adapter is merged into 16-bit ones; export the adapter alone "
            "with --as adapter, or train on the 16-bit base with --load-in-4bit"
        )
    return "float16" if (config.get("dtype") or config.get("torch_dtype")) == "float16" else "bfloat16"


def merge(adapter: Path, base: BaseModel, weights: int, say: Callable[[str], None]) -> Any:
    """Return the base with the adapter in its weights: W + alpha/r · B·A (arXiv 2106.09685), rounded once.

    Args:
        weights: the number of the base's weights.

    Raises:
        GarageError: the adapter is no plain LoRA adapter of this base, or the two do not fit together.
    """
    read_adapter(adapter, base)  # a damaged one is refused before a large base is loaded
    dtype = dtype_of(base.path)
    free = psutil.virtual_memory().available + psutil.swap_memory().free
    if free < (needed := 2 * weights * _BESIDE):
        raise GarageError(f"merging needs about {human_bytes(needed)} of memory, and {human_bytes(free)} are free; "
                          "stop other programs, or export the adapter alone (--as adapter)")  # fmt: skip
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    say(f"loading {one_line(base.path.name)} in {dtype}")
    failure = f"{base.path} cannot be loaded as a model"
    check(base, failure)
    try:
        bare = AutoModelForCausalLM.from_pretrained(
            base.path,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise GarageError(f"{failure}: {load_failure(base, error)}") from error
    adapters = Adapters(bare.eval(), base)
    name = adapters.name_of(adapter)
    say("merging the adapter")
    # PEFT's "safe" merge rounds the difference to 16 bits before it is added; this one rounds the sum alone.
    merged = adapters.model.merge_and_unload(adapter_names=[name])
    broken = [key for key, values in merged.named_parameters() if not torch.isfinite(values).all()]
    if broken:
        raise GarageError(
            f"the adapter of {adapter.parent.name} gives weights that are not finite in {dtype} "
            f"({broken[0]}): it is damaged, or the learning rate was too high"
        )
    return merged


def save(model: Any, base: Path, folder: Path) -> None:
    """Write a merged model as a folder that transformers and vLLM load; every other file is the base's own."""
    generation = base / "generation_config.json"
    model.generation_config = GenerationConfig()  # a base's own may fail the check of save_pretrained
    model.save_pretrained(folder, max_shard_size=_SHARD)
    (folder / generation.name).unlink(missing_ok=True)
    for pattern in _BESIDE_WEIGHTS:
        for file in base.glob(pattern):
            (folder / file.name).write_bytes(read_regular(file))
    make_legacy(folder)
    for file in folder.iterdir():
        file.chmod(0o644)


_BESIDE_WEIGHTS = (
    "generation_config.json", "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt",
    "*.jinja", "LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*",
)  # fmt: skip
"""Files of the base's folder that are copied to the merged one: never code."""
