"""The trainer of a plain run: TRL's SFTTrainer on the rows as they are.

The loss is on the completions of conversational rows alone (TRL's SFT documentation, "Train on completion only").
"""

from __future__ import annotations

from collections.abc import Sequence

from datasets import Dataset, disable_progress_bars
from transformers import Trainer
from trl import SFTConfig, SFTTrainer

from garage_tui.core.facts.line import Fact
from garage_tui.jobs.llm import unsloth
from garage_tui.jobs.llm.chat_encoder import ChatEncoder
from garage_tui.jobs.lora.adapted_layers import adapter_config
from garage_tui.jobs.lora.trainer_inputs import TrainerInputs
from garage_tui.jobs.runtime.cpu_threads import ExactSteps


def make_trainer(inputs: TrainerInputs) -> Trainer:
    """Return the trainer of a plain run."""
    disable_progress_bars()
    recipe, model, callback = inputs.recipe, inputs.model, inputs.callback
    by_unsloth = unsloth.is_unsloth_decoder(model.get_decoder())
    data = Dataset.from_list(training_rows(ChatEncoder(inputs.tokenizer), inputs.facts.training))
    trainer = PlainTrainer(
        model=unsloth.adapt(model, recipe) if by_unsloth else model,
        processing_class=inputs.tokenizer,
        train_dataset=data,
        peft_config=None if by_unsloth else adapter_config(model, recipe),
        args=SFTConfig(
            **inputs.arguments,
            num_train_epochs=recipe.epochs,
            per_device_train_batch_size=recipe.batch_size,
            max_length=recipe.max_length,
            completion_only_loss=True,
            include_num_input_tokens_seen="non_padding" if by_unsloth else "no",
        ),
        callbacks=[callback],
    )
    trainer.create_model_card = lambda *_, **__: None  # a README of TRL's in the run folder would help nobody
    callback.watch(trainer.model, inputs.tokenizer, inputs.base)
    return trainer


def training_rows(encoder: ChatEncoder, facts: Sequence[Fact]) -> list[dict[str, list[int]]]:
    """Return rows in tokens: TRL's own way to them would take a special token in a text for a real one."""
    rows = (encoder.training_row(fact.question, fact.answer) for fact in facts)
    return [{"input_ids": ids, "completion_mask": [int(at >= start) for at in range(len(ids))]} for ids, start in rows]


class PlainTrainer(ExactSteps, SFTTrainer):
    """TRL's trainer, with exact steps on shared CPU cores."""
