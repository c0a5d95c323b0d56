"""Which layers and projections of the base model get a LoRA adapter, and of which rank."""

from __future__ import annotations

from typing import Any

from peft import LoraConfig

from garage_tui.core.training.recipe import LoraRecipe


def adapter_config(model: Any, recipe: LoraRecipe) -> LoraConfig:
    """Return PEFT's configuration of a run's adapter.

    A guarded run gives the first layers no adapter: the share of them is `skipped` of the recipe.
    """
    layers = model.config.get_text_config().num_hidden_layers
    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.targets),
        layers_to_transform=list(range(int(layers * recipe.skipped), layers)) if recipe.guarded else None,
        task_type="CAUSAL_LM",
    )
