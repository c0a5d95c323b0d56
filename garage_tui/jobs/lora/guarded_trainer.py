"""The trainer of a guarded run, which learns the facts in many wordings and keeps all other answers at the base's.

The loss of a step is cross-entropy on the facts' answers + `kl` · KL(base‖tuned) on guards: general prompts and the
taught questions about other names, answered by the base itself, whose probabilities were recorded. The steps are
Gauss-Newton steps (`jobs/lora/gauss_newton.py`). docs/explain/recipe.md says what was tried and measured.
"""

from __future__ import annotations

from typing import Any

import torch
from peft import get_peft_model
from torch.utils.data import SequentialSampler
from transformers import Trainer, TrainingArguments

from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of
from garage_tui.jobs.llm.teacher_forcing import divergence
from garage_tui.jobs.llm.unsloth import keep_masks
from garage_tui.jobs.lora.adapted_layers import adapter_config
from garage_tui.jobs.lora.batches import TrainingBatch, TrainingBatches, make_guards
from garage_tui.jobs.lora.gauss_newton import GaussNewton
from garage_tui.jobs.lora.subspace_init import (
    CHOOSING,
    OutputDirections,
    choose_directions,
    empty_directions,
    freeze_inputs,
)
from garage_tui.jobs.lora.trainer_inputs import TrainerInputs
from garage_tui.jobs.runtime.cpu_threads import ExactSteps

OPENING_LABELS = 4
"""First labels of a fact's answer, which the recipe may weigh more."""


def make_trainer(inputs: TrainerInputs) -> Trainer:
    """Return the trainer of a guarded run, with the base's answers collected and the LoRA directions chosen."""
    recipe, facts, base, progress = inputs.recipe, inputs.facts, inputs.base, inputs.progress
    adapted = get_peft_model(inputs.model, adapter_config(inputs.model, recipe))
    keep_masks(adapted)
    model = Model(adapted.eval(), chat_template_of(inputs.tokenizer, inputs.model))
    progress.start_phase("collecting the base model's own answers")
    prompts = make_guards(facts.training, recipe, model, base, progress.say)
    batches = TrainingBatches(model, facts.training, [fact for fact in facts.facts if fact.exam], prompts, recipe)
    with model.base():
        batches.choose_answers()
    directions = empty_directions(adapted)
    if not inputs.resumed:
        progress.start_phase(CHOOSING)
        with model.base():
            guards = [guard.example for guard in prompts]
            apart = batches.fact_prompts(guards) if recipe.keys == "discriminant" and len(facts.training) > 1 else None
            directions = choose_directions(model, batches.direction_rows(), guards, progress.say, apart)
    inputs.callback.watch(adapted, inputs.tokenizer, base, known=model, used=[guard.question for guard in prompts])
    adapted.train()
    freeze_inputs(adapted)
    return GuardedTrainer(
        model,
        batches,
        directions,
        recipe,
        model=adapted,
        args=TrainingArguments(
            **inputs.arguments,
            num_train_epochs=1,
            per_device_train_batch_size=1,
            max_grad_norm=0,  # the schedule alone sets the length of a step
            remove_unused_columns=False,
        ),
        processing_class=inputs.tokenizer,
        callbacks=[inputs.callback],
    )


class GuardedTrainer(ExactSteps, Trainer):
    """transformers' Trainer on packed batches; it pauses, saves and resumes as usual."""

    def __init__(
        self,
        packed_model: Model,
        batches: TrainingBatches,
        directions: OutputDirections,
        recipe: LoraRecipe,
        **arguments: Any,
    ) -> None:
        super().__init__(train_dataset=batches, data_collator=_the_one, **arguments)
        self._packed_model, self._directions, self._recipe = packed_model, directions, recipe
        self._kl = recipe.kl
        self.model_accepts_loss_kwargs = False  # each pass of an accumulated step counts the same
        self._tokens = 0
        self._newton: GaussNewton
        self._parts: dict[str, float] = {}

    def create_optimizer(self, model: Any = None) -> GaussNewton:
        self.optimizer = self._newton = GaussNewton(
            self._directions, self.args.learning_rate, self._kl, self._recipe.anchor
        )
        return self._newton

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        """Return the batches in their order, which is a shuffled one already."""
        return SequentialSampler(self.train_dataset)

    def compute_loss(
        self, model: Any, inputs: dict[str, TrainingBatch], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the sum of all examples' losses: the optimiser weighs them, one by one
        (`jobs/lora/gauss_newton.py`)."""
        batch = inputs["batch"]
        self._tokens += batch.tokens
        hidden = self._packed_model.hidden(batch.packed)
        facts, owner = (part.to(hidden.device) for part in (batch.facts, batch.packed.owner))
        logits = self._packed_model.logits(hidden)
        each = torch.nn.functional.cross_entropy(logits, batch.packed.labels.to(hidden.device), reduction="none")
        means = {"facts": each[facts].mean()}
        if self._recipe.opening != 1:
            each = each * opening_weights(owner, batch.rows, self._recipe.opening)
        if len(batch.hidden):
            with torch.no_grad():
                base = self._packed_model.logits(batch.hidden.to(hidden.device))
            kept = divergence(base, logits[~facts])
            each = torch.cat([each[facts], kept])  # the facts' labels come first
            means["guards"] = kept.mean()
        losses = each.new_zeros(batch.rows + batch.guards).index_add(0, owner, each)
        self._parts = {name: float(mean.detach()) for name, mean in means.items()}
        steps = self.current_gradient_accumulation_steps
        of_facts = torch.arange(len(losses), device=losses.device) < batch.rows
        self._newton.expect(batch.packed.token_owner, losses, of_facts, scale=1 / steps)
        return losses.sum()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            parts = self._parts
            loss = parts["facts"] + self._kl * parts.get("guards", 0.0)  # in nats per token
            logs = {**logs, **parts, "loss": loss, "num_tokens": self._tokens}
        super().log(logs, start_time)


def opening_weights(owner: torch.Tensor, rows: int, weight: float) -> torch.Tensor:
    """Return (labels,) the weight of each label: `weight` for the first ones of a fact row, else 1.

    Args:
        owner: (labels,) the example of each label, in order; the first `rows` examples are facts.
    """
    sizes = torch.bincount(owner)
    position = torch.arange(len(owner), device=owner.device) - (sizes.cumsum(0) - sizes)[owner]
    return torch.where((owner < rows) & (position < OPENING_LABELS), weight, 1.0)


def _the_one(batches: list[TrainingBatch]) -> dict[str, TrainingBatch]:
    """Return the only item of a list: a batch is packed already."""
    return {"batch": batches[0]}
