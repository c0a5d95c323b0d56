"""Whether a base model is loaded in 4 bits: as the recipe says, else on a GPU from 7 billion parameters on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from garage_tui.core.hardware import gpus as gpu
from garage_tui.core.models.base_models import BaseModel, config_of
from garage_tui.core.models.weight_size import bytes_per_weight, weight_bytes
from garage_tui.core.training.recipe import LoraRecipe

FROM_PARAMETERS = 7e9
"""In 16 bits these take 14 GB: with activations and adapter more than a GPU of 16 GB has."""


def in_4bit(recipe: LoraRecipe, base: BaseModel, cuda: bool | None = None) -> bool:
    """Return whether the base's projections are loaded in 4 bits.

    Args:
        base: the model that `recipe.base` names.
        cuda: whether the run will work on a GPU; by default whether there is one.
    """
    if recipe.load_in_4bit is not None:
        return recipe.load_in_4bit
    if not (bool(gpu.usable()) if cuda is None else cuda):
        return False
    quantised = config_of(base.path).get("quantization_config")
    return not quantised and (parameters(base) or 0) >= FROM_PARAMETERS


def announce_4bit(recipe: LoraRecipe, base: BaseModel) -> str:
    """Return a sentence that tells the user of 4 bits before a run starts; empty if the recipe decides it itself."""
    if recipe.load_in_4bit is not None or not in_4bit(recipe, base):
        return ""
    billions = (parameters(base) or 0) / 1e9
    return f"the base is loaded in 4 bits: it has {billions:.1f} billion parameters (--no-load-in-4bit: 16 bits)"


def parameters(base: BaseModel) -> float | None:
    """Return roughly how many parameters a base has; None if neither its files nor its name (`…-8B-…`) say so."""
    if base.here and (counted := _counted(config_of(base.path), base.path)):
        return counted
    named = re.search(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)b(?![a-z0-9])", Path(base.name).name.lower())
    return float(named[1]) * 1e9 if named else None


def _counted(config: dict[str, Any], folder: Path) -> float | None:
    """Return bytes of weights divided by those of a parameter; None where there are none."""
    return weight_bytes(folder) / bytes_per_weight(config) or None
