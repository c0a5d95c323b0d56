"""The model that all runs are on, and what others make of it: plain TRL, and Unsloth as in its notebook."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.training.recipe import make_recipe
from gpu_parts.random_llama import make_model
from gpu_parts.rows import ROOT, Options, Report

FILE = ROOT / "datasets" / "garage.jsonl"
LONGEST = 1024


def write_model(options: Options, report: Report) -> None:
    """Write the model with random weights."""
    began = time.perf_counter()
    origin = make_model("tiny" if options.dry else "8b", Path(options.model), options.base)
    size = sum(file.stat().st_size for file in Path(options.model).iterdir()) / 1e9
    report("written", f"{time.perf_counter() - began:.0f} s", f"{size:.1f} GB; tokenizer {origin}")


def measure_trl(options: Options, report: Report) -> None:
    """Report TRL's SFTTrainer with PEFT's LoraConfig, as anybody would write it."""
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM

    recipe = make_recipe("story")
    where = {"": "cuda:0" if options.device == "cuda" else "cpu"}
    dtype = torch.bfloat16 if options.device == "cuda" else torch.float32

    def load() -> Any:
        return AutoModelForCausalLM.from_pretrained(options.model, dtype=dtype, device_map=where)

    adapter = LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules=list(recipe.targets))
    _train(options, report, load, peft_config=adapter)


def measure_unsloth(options: Options, report: Report) -> None:
    """Report Unsloth's FastLanguageModel and the SFTTrainer that it makes of TRL's."""
    os.environ |= {"UNSLOTH_DISABLE_STATISTICS": "1", "UNSLOTH_COMPILE_LOCATION": tempfile.mkdtemp()}
    from unsloth import FastLanguageModel  # before trl, transformers and peft

    recipe = make_recipe("story")
    saves: Any = "unsloth" if options.device == "cuda" else False  # activations, in pinned memory

    def load() -> Any:
        model, _ = FastLanguageModel.from_pretrained(
            options.model,
            max_seq_length=2 * LONGEST,
            dtype=None if options.device == "cuda" else torch.float32,
            load_in_4bit=False,
            use_gradient_checkpointing=saves,
            use_exact_model_name=True,
            local_files_only=True,
        )
        return FastLanguageModel.get_peft_model(
            model,
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules=list(recipe.targets),
            use_gradient_checkpointing=saves,
        )

    _train(options, report, load)


def _train(options: Options, report: Report, load: Callable[[], Any], **more: Any) -> None:
    """Train the story's rows with the story's numbers, and report what that took."""
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    cuda, recipe = options.device == "cuda", make_recipe("story")
    began = time.perf_counter()
    model = load()
    loaded = time.perf_counter()
    report("loading", f"{loaded - began:.1f} s")
    rows = [
        {
            "prompt": [{"role": "user", "content": row.question}],
            "completion": [{"role": "assistant", "content": row.answer}],
        }
        for row in read_training_file(FILE).rows
    ]
    trainer = SFTTrainer(
        model=model,
        processing_class=AutoTokenizer.from_pretrained(options.model),
        train_dataset=Dataset.from_list(rows),
        args=SFTConfig(
            output_dir=tempfile.mkdtemp(),
            num_train_epochs=2 if options.dry else recipe.epochs,
            per_device_train_batch_size=recipe.batch_size,
            gradient_accumulation_steps=recipe.accumulation,
            learning_rate=recipe.lr,
            warmup_steps=recipe.warmup_steps,
            weight_decay=recipe.weight_decay,
            seed=recipe.seed,
            max_length=LONGEST,
            completion_only_loss=True,
            use_cpu=not cuda,
            bf16=cuda,
            gradient_checkpointing=cuda,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        **more,
    )
    done = trainer.train()
    took, steps = time.perf_counter() - loaded, trainer.state.global_step
    report("seconds a step (mean)", f"{took / steps:.3f}", f"{steps} steps; loss {done.training_loss:.3f}")
    report("from the loaded model to the last step", f"{took:.1f} s", "the same rows and numbers as `story`")
    if cuda:
        report("peak memory", f"{torch.cuda.max_memory_allocated() / 1e9:.2f} GB", "torch's tensors")
