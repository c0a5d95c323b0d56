"""Whether a base is kept in 4 bits: as the owner says, else from 7 billion parameters on where there is CUDA."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from garage_tui.core.hardware import gpus as gpu
from garage_tui.core.models import base_models as models
from garage_tui.core.training.recipe import LoraRecipe

FROM_PARAMETERS = 7e9
"""In 16 bits these take 14 GB: with activations and adapter more than a card of 16 GB has."""


def in_4bit(recipe: LoraRecipe, cuda: bool | None = None) -> bool:
    """Return whether the base's projections are kept in 4 bits.

    Args:
        cuda: whether a run will work on a GPU; by default whether there is one.
    """
    if recipe.load_in_4bit is not None:
        return recipe.load_in_4bit
    if not (bool(gpu.usable()) if cuda is None else cuda):
        return False
    quantised = models.config_of(models.find(recipe.base).path).get("quantization_config")
    return not quantised and (parameters(recipe.base) or 0) >= FROM_PARAMETERS


def words(recipe: LoraRecipe) -> str:
    """Return what is to be said before a run starts; empty where nothing was decided for the owner."""
    if recipe.load_in_4bit is not None or not in_4bit(recipe):
        return ""
    billions = (parameters(recipe.base) or 0) / 1e9
    return f"the base is kept in 4 bits, for it has {billions:.1f} billion parameters (--no-load-in-4bit: 16 bits)"


def parameters(base: str) -> float | None:
    """Return roughly how many parameters a base has; None where nothing says so.

    Of one that is on this box its `config.json` and its files tell, of one that is not the name (`…-8B-…`).

    Raises:
        BadInputError: the base means nothing.
    """
    model = models.find(base)
    if model.here and (counted := _counted(models.config_of(model.path), model.path)):
        return counted
    named = re.search(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)b(?![a-z0-9])", Path(model.name).name.lower())
    return float(named[1]) * 1e9 if named else None


def _counted(config: dict[str, Any], folder: Path) -> float | None:
    """Return bytes of weights divided by those of a parameter; None where there are none."""
    on_disk = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    sixteen = str(config.get("dtype") or config.get("torch_dtype")) in ("bfloat16", "float16")
    return on_disk / (2 if sixteen else 4) if on_disk else None
