"""The plain recipe: TRL's SFTTrainer on the rows as they are.

The loss is on the completions of conversational rows alone (TRL's SFT documentation, "Train on completion only").
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Dataset, disable_progress_bars
from peft import LoraConfig
from transformers import Trainer
from trl import SFTConfig, SFTTrainer

from garage_tui.core.facts import file as facts
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.runs.record import FACTS
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.llm import unsloth as unsloth_model
from garage_tui.jobs.lora.callback import ProgressCallback
from garage_tui.jobs.runtime.cpu import ExactSteps
from garage_tui.jobs.runtime.progress import Progress


def make_trainer(
    folder: Path,
    recipe: LoraRecipe,
    base: BaseModel,
    tokenizer: Any,
    model: Any,
    common: dict[str, Any],
    telling: ProgressCallback,
    progress: Progress,
    resumed: bool,
) -> Trainer:
    """Return the trainer of a run; `common` are transformers' training arguments."""
    disable_progress_bars()
    adapter = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.targets),
        task_type="CAUSAL_LM",
    )
    unsloths = unsloth_model.is_unsloths(model.get_decoder())
    data = Dataset.from_list(
        [
            {
                "prompt": [{"role": "user", "content": row.question}],
                "completion": [{"role": "assistant", "content": row.answer}],
            }
            for row in facts.load_training_rows(folder / FACTS)
        ]
    )
    trainer = PlainTrainer(
        model=unsloth_model.adapt(model, recipe) if unsloths else model,
        processing_class=tokenizer,
        train_dataset=data,
        peft_config=None if unsloths else adapter,
        args=SFTConfig(
            **common,
            num_train_epochs=recipe.epochs,
            per_device_train_batch_size=recipe.batch_size,
            max_length=recipe.max_length,
            completion_only_loss=True,
            include_num_input_tokens_seen="non_padding" if unsloths else "no",
        ),
        callbacks=[telling],
    )
    trainer.create_model_card = lambda *_, **__: None  # a README of TRL's in the run folder would help nobody
    telling.watch(trainer.model, tokenizer, base)
    return trainer


class PlainTrainer(ExactSteps, SFTTrainer):
    """TRL's own, and exact on a processor that it shares."""
