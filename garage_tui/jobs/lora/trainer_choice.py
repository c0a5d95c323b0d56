"""Which trainer a run gets: Unsloth where CUDA is there and it imports, else TRL and PEFT; and why, in a sentence.

Unsloth patches transformers, TRL and PEFT when it is imported, so that this comes before any of them is. It is
optional: parts of it are AGPL-3.0.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import models_folder
from garage_tui.core.models.base_models import BaseModel, config_of
from garage_tui.core.training.recipe import TrainerName

ARCHITECTURES = ("llama", "mistral", "qwen2", "qwen3")
"""Whose forward passes Unsloth has written itself, in the way that `jobs/llm/unsloth.py` knows."""


@dataclass(frozen=True)
class TrainerChoice:
    """The trainer of a run."""

    unsloth: bool
    words: str
    """What is told of it: `trains with TRL and PEFT: no CUDA here`."""


def choose(wanted: TrainerName, base: BaseModel) -> TrainerChoice:
    """Return the trainer; where it is Unsloth, that is imported from now on.

    Whether it imports says nothing about this box, for it has a mode without a GPU: CUDA decides, or the recipe.

    Raises:
        GarageError: the recipe asks for Unsloth, and it cannot be had; the text says why.
    """
    why = "the recipe says so" if wanted == "peft" else "" if wanted == "unsloth" else _unfit(base)
    if not why:
        try:
            return TrainerChoice(True, f"trains with Unsloth {_import().__version__}")
        except Exception as error:  # whatever it stumbles over, the run can go on without it
            why = f"Unsloth {_stumble(error)}"
            if wanted == "unsloth":
                raise GarageError(f"{why}; without `--trainer unsloth` it trains with TRL and PEFT") from error
    return TrainerChoice(False, f"trains with TRL and PEFT: {why}")


def _unfit(base: BaseModel) -> str:
    """Return why Unsloth would be no good here; empty where it would."""
    if not torch.cuda.is_available():
        return "no CUDA here"
    if torch.cuda.device_count() > 1:
        return "Unsloth is for one GPU, and this run has several"
    architecture = config_of(base.path).get("model_type")
    if architecture not in ARCHITECTURES:
        return f"Unsloth is used for {', '.join(ARCHITECTURES)} here, and this base is {architecture or 'unknown'}"
    return ""


def _import() -> Any:
    # It would ask the Hub for a file each time, to count its users; and write the code that it makes where we stand.
    os.environ.setdefault("UNSLOTH_DISABLE_STATISTICS", "1")
    os.environ.setdefault("UNSLOTH_COMPILE_LOCATION", str(models_folder().parent / "unsloth"))
    import unsloth

    return unsloth


def _stumble(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "unsloth":
        return 'is not installed (pip install "garage-tui[gpu]")'
    return f"does not import ({one_line(str(error) or type(error).__name__, 160)})"
