"""Loading of a base model's tokenizer and weights, without running code from its folder."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from transformers.utils import logging as transformers_logging

from garage_tui.core.base.errors import BadInputError, GarageError, reason_of
from garage_tui.core.base.install_command import install_command
from garage_tui.core.models import weight_safety
from garage_tui.core.models.base_models import BaseModel
from garage_tui.jobs.llm.chat_template import ChatTemplate
from garage_tui.jobs.runtime import cpu_threads


def load_base(base: BaseModel, failure: str, *, spread: bool = False, four_bit: bool = False) -> tuple[Any, Any]:
    """Return tokenizer and model, on the CPU in fp32 (`jobs/runtime/cpu_threads.py`), on a GPU in bf16 where it
    supports that.

    Args:
        failure: the beginning of the error message.
        spread: distribute its layers over all visible GPUs; else it goes to the first.
        four_bit: keep the weights of its projections in 4 bits (NF4 with double quantisation, QLoRA: arXiv 2305.14314).

    Raises:
        GarageError: the folder holds no chat model with safetensors weights; the text says what is wrong.
    """
    if four_bit and not find_spec("bitsandbytes"):
        command = install_command("bitsandbytes")
        raise GarageError(f"{failure}: 4-bit weights need bitsandbytes (`{command}`); or use --no-load-in-4bit")
    check(base, failure)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    cuda = torch.cuda.is_available()
    device = "cuda:0" if cuda else "cpu"
    dtype = torch.bfloat16 if cuda and torch.cuda.is_bf16_supported() else torch.float32
    device_map: str | dict[str, str] | None = {"": device} if four_bit else None
    if spread and torch.cuda.device_count() > 1:
        device_map = "auto"  # layer by layer on several GPUs, so that the arithmetic and the batch stay those of one
    tokenizer = load_tokenizer(base, failure)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            base.path,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            device_map=device_map,
            quantization_config=_nf4(dtype) if four_bit else None,
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise GarageError(f"{failure}: {load_failure(base, error)}") from error
    if four_bit:
        # On a CPU with avx512_bf16 bitsandbytes repacks the weights in the forward pass; narrow layers fail at that.
        for module in model.modules():
            if hasattr(module, "support_avx512bf16_for_cpu"):
                module.support_avx512bf16_for_cpu = False
    cpu_threads.prepare(model.get_decoder())
    return tokenizer, model if device_map else model.to(device)


def check(base: BaseModel, failure: str) -> None:
    """Check that the folder can be loaded without running code from it; arguments are those of `load_base`.

    Raises:
        GarageError: it cannot; the text says what is wrong.
    """
    try:
        weight_safety.check_folder(base.path)
    except BadInputError as error:
        raise GarageError(f"{failure}: {error}") from error


def load_failure(base: BaseModel, error: Exception) -> str:
    """Return in one line why transformers could not load a base."""
    if weight_safety.brings_code(base.path) and "trust_remote_code" in str(error):
        return "it needs its own code (auto_map in its config), which is never run here; choose another base"
    return reason_of(error, 200)


def load_tokenizer(base: BaseModel, failure: str) -> Any:
    """Return the tokenizer alone; arguments and errors are those of `load_base`."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(base.path, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise GarageError(f"{failure}: {load_failure(base, error)}") from error
    if not tokenizer.chat_template:
        raise GarageError(f"{base.name} has no chat template: choose an instruct model")
    return tokenizer


def _nf4(dtype: torch.dtype) -> BitsAndBytesConfig:
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def end_tokens(tokenizer: Any, model: Any) -> frozenset[int]:
    """Return every token that ends an answer, as generation config, model config and tokenizer name them."""
    found: set[int] = set()
    for source in (model.generation_config, model.config, tokenizer):
        ids = getattr(source, "eos_token_id", None)
        found.update([ids] if isinstance(ids, int) else ids or [])
    if not found:
        raise GarageError("the model names no token that ends an answer (eos_token_id in its generation_config.json)")
    return frozenset(found)


def chat_template_of(tokenizer: Any, model: Any) -> ChatTemplate:
    """Return the chat template of a loaded model."""
    return ChatTemplate(tokenizer, end_tokens(tokenizer, model))
