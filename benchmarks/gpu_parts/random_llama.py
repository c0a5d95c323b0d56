"""Llamas with random weights: one of an 8B's shape in a folder, and a small one in memory."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from gpu_parts.rows import ROOT

SHAPES: dict[str, dict[str, Any]] = {
    "8b": {  # Llama-3.1-8B's
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "max_position_embeddings": 131072,
        "rope_theta": 500000.0,
    },
    "tiny": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
    },
}
_SMALL = {**SHAPES["8b"], "hidden_size": 512, "intermediate_size": 1792, "num_hidden_layers": 4, "vocab_size": 2048}
_SMALL |= {"num_attention_heads": 8, "num_key_value_heads": 2, "max_position_embeddings": 2048}
_SHARD = 2e9
"""Bytes of a file of weights, about."""
_WORDS = 2048
"""Tokens of the tokenizer that is made here."""
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def folder_for_weights(shape: str) -> Path:
    """Return a new folder for a model: in memory where it fits there twice, else in $TMPDIR."""
    size = 2.0 * _SHARD * 8 if shape == "8b" else 0
    memory = Path("/dev/shm")
    fits = memory.is_dir() and shutil.disk_usage(memory).free > size
    return Path(tempfile.mkdtemp(prefix="gpu-quarter-", dir=memory if fits else None))


def make_model(shape: str, folder: Path, base: str) -> str:
    """Write a Llama of this shape with random weights in bf16, and a tokenizer; return where the tokenizer is from.

    The vocabulary of the 8B is larger than the tokenizer's: the tokens beyond are never used, but cost what they cost.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import LlamaConfig, LlamaForCausalLM

    # Of the tiny one logits over SmolLM2's vocabulary would be all that takes time.
    tokenizer, origin = _made_tokenizer() if shape == "tiny" else _any_tokenizer(base)
    tokenizer.save_pretrained(folder)
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    ids |= {"pad_token_id": tokenizer.pad_token_id}
    config = LlamaConfig(**{"vocab_size": len(tokenizer), **SHAPES[shape]}, **ids, dtype="bfloat16")
    config.architectures = ["LlamaForCausalLM"]
    config.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": tokenizer.eos_token_id}))
    with torch.device("meta"):
        weights = LlamaForCausalLM(config).state_dict()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    places: dict[str, str] = {}
    shard: dict[str, torch.Tensor] = {}
    names = list(weights)
    for name in names:
        size = weights[name].shape
        random = torch.empty(size, dtype=torch.bfloat16, device=device).normal_(std=0.02)
        shard[name] = torch.ones(size, dtype=torch.bfloat16) if len(size) == 1 else random.cpu()
        if name == names[-1] or sum(tensor.nbytes for tensor in shard.values()) > _SHARD:
            file = f"model-{len(set(places.values())):05}.safetensors"
            save_file(shard, folder / file, {"format": "pt"})
            places |= dict.fromkeys(shard, file)
            shard = {}
    total = sum(2 * tensor.numel() for tensor in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return origin


def small_model(dry: bool) -> tuple[Any, Any]:
    """Return a small Llama in fp32 with an adapter at zero, always the same, and its chat template."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    from garage_tui.jobs.llm.load import chat_template_of

    tokenizer, _ = _made_tokenizer()
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    shape = {**SHAPES["tiny"], "vocab_size": _WORDS} if dry else _SMALL
    torch.manual_seed(0)
    bare = LlamaForCausalLM(LlamaConfig(**shape, **ids))
    targets = ["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"]
    return get_peft_model(bare, LoraConfig(r=4, target_modules=targets, task_type="CAUSAL_LM")), chat_template_of(
        tokenizer, bare
    )


def _any_tokenizer(base: str) -> tuple[Any, str]:
    """Return the tokenizer of a folder, else the small base's, else one made of this repository's texts."""
    from transformers import AutoTokenizer

    from garage_tui.core.models import base_models

    try:
        folder = base or base_models.find("smollm2-135m").path
        return AutoTokenizer.from_pretrained(folder, local_files_only=True), f"of {Path(folder).name}"
    except (OSError, ValueError):
        if base:
            raise
        return _made_tokenizer()


@cache
def _made_tokenizer() -> tuple[Any, str]:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    learn = trainers.BpeTrainer(vocab_size=_WORDS, special_tokens=marks, initial_alphabet=alphabet, show_progress=False)
    texts = [str(file) for file in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "datasets" / "garage.jsonl")]
    made.train(texts, learn)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=marks[1], eos_token=marks[2], pad_token=marks[0], chat_template=CHATML
    )
    return tokenizer, "made of the texts in this repository"
