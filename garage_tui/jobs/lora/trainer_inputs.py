"""The inputs from which the plain and the guarded recipe make their trainers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from garage_tui.core.facts.file import FactsFile
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.lora.run_callback import RunCallback
from garage_tui.jobs.runtime.progress import Progress


@dataclass(frozen=True)
class TrainerInputs:
    """Everything that `make_trainer` of either recipe takes."""

    recipe: LoraRecipe
    facts: FactsFile
    base: BaseModel
    tokenizer: Any
    model: Any
    """The base model, without an adapter unless Unsloth made it."""
    arguments: dict[str, Any]
    """The fields of transformers' TrainingArguments that both recipes share."""
    callback: RunCallback
    progress: Progress
    resumed: bool
    """True where the adapter's weights come from a checkpoint."""
