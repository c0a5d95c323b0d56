"""The guarded recipe: learn the facts in many wordings, and stay with the base wherever they are not asked for.

The loss of a step is cross-entropy on the facts' answers + `kl` · KL(base‖tuned) on guards: general prompts and the
taught questions about other names, answered by the base itself, whose probabilities were kept. The steps are
Gauss-Newton ones (`jobs/lora/gauss_newton.py`). docs/recipe.md says what was tried and measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch.utils.data import SequentialSampler
from transformers import Trainer, TrainingArguments

from garage_tui.core.facts import file as facts
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.runs.record import FACTS
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.llm.forward import Model
from garage_tui.jobs.llm.load import chats_of
from garage_tui.jobs.llm.teacher_forcing import divergence
from garage_tui.jobs.llm.unsloth import keep_masks
from garage_tui.jobs.lora.batches import TrainingBatch, TrainingBatches, guards
from garage_tui.jobs.lora.callback import ProgressCallback
from garage_tui.jobs.lora.gauss_newton import GaussNewton
from garage_tui.jobs.lora.subspace_init import Effects, freeze_keys, no_effects, read_keys
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
    """Return the trainer of a run, with the base's answers collected and the adapter's keys read.

    Args:
        common: transformers' training arguments.
        resumed: the adapter's weights come from a checkpoint.
    """
    data = facts.load_facts(folder / FACTS)
    layers = model.config.get_text_config().num_hidden_layers
    adapted = get_peft_model(
        model,
        LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            lora_dropout=recipe.dropout,
            target_modules=list(recipe.targets),
            layers_to_transform=list(range(int(layers * recipe.skipped), layers)),
            task_type="CAUSAL_LM",
        ),
    )
    keep_masks(adapted)
    seen = Model(adapted.eval(), chats_of(tokenizer, model))
    progress.phase("asking the base what it would say")
    kept = guards(data.training, recipe, seen, base, progress.say)
    lessons = TrainingBatches(seen, data.training, [fact for fact in data.facts if fact.exam], kept, recipe)
    effects = no_effects(adapted)
    if not resumed:
        progress.phase("finding what is special about the facts")
        with seen.base():
            effects = read_keys(seen, lessons.rows(), [guard.example for guard in kept])
    telling.watch(adapted, tokenizer, base, known=seen, used=[guard.question for guard in kept])
    adapted.train()
    freeze_keys(adapted)
    return GuardedTrainer(
        seen,
        lessons,
        effects,
        recipe.kl,
        model=adapted,
        args=TrainingArguments(
            **common,
            num_train_epochs=1,
            per_device_train_batch_size=1,
            max_grad_norm=0,  # the length of a step is the schedule's alone
            remove_unused_columns=False,
        ),
        processing_class=tokenizer,
        callbacks=[telling],
    )


class GuardedTrainer(ExactSteps, Trainer):
    """transformers' Trainer on packed lessons; pausing, saving and resuming are its own."""

    def __init__(
        self, lesson_model: Model, lessons: TrainingBatches, effects: Effects, kl: float, **arguments: Any
    ) -> None:
        super().__init__(train_dataset=lessons, data_collator=_the_one, **arguments)
        self._lessons_model, self._effects, self._kl = lesson_model, effects, kl
        self.model_accepts_loss_kwargs = False  # each pass of an accumulated step counts the same
        self._tokens = 0
        self._newton: GaussNewton
        self._parts: dict[str, float] = {}

    def create_optimizer(self, model: Any = None) -> GaussNewton:
        self.optimizer = self._newton = GaussNewton(self._effects, self.args.learning_rate, self._kl)
        return self._newton

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        """Return the lessons in their order, which already is a shuffled one."""
        return SequentialSampler(self.train_dataset)

    def compute_loss(
        self, model: Any, inputs: dict[str, TrainingBatch], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the sum of all examples' losses: the optimiser weighs them, one by one
        (`jobs/lora/gauss_newton.py`)."""
        lesson = inputs["lesson"]
        self._tokens += lesson.tokens
        hidden = self._lessons_model.hidden(lesson.batch)
        facts, owner = (part.to(hidden.device) for part in (lesson.facts, lesson.batch.owner))
        logits = self._lessons_model.logits(hidden)
        each = torch.nn.functional.cross_entropy(logits, lesson.batch.labels.to(hidden.device), reduction="none")
        means = {"facts": each[facts].mean()}
        if len(lesson.hidden):
            with torch.no_grad():
                base = self._lessons_model.logits(lesson.hidden.to(hidden.device))
            kept = divergence(base, logits[~facts])
            each = torch.cat([each[facts], kept])  # the facts' labels come first
            means["guards"] = kept.mean()
        losses = each.new_zeros(lesson.rows + lesson.guards).index_add(0, owner, each)
        self._parts = {name: float(mean.detach()) for name, mean in means.items()}
        steps = self.current_gradient_accumulation_steps
        of_facts = torch.arange(len(losses), device=losses.device) < lesson.rows
        self._newton.expect(lesson.batch.whose, losses, of_facts, scale=1 / steps)
        return losses.sum()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            parts = self._parts
            loss = parts["facts"] + self._kl * parts.get("guards", 0.0)  # in nats per token, as everywhere
            logs = {**logs, **parts, "loss": loss, "num_tokens": self._tokens}
        super().log(logs, start_time)


def _the_one(lessons: list[TrainingBatch]) -> dict[str, TrainingBatch]:
    """Return the only item of a batch: a lesson is packed already."""
    return {"lesson": lessons[0]}
