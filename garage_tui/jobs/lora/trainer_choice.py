"""The choice of a run's trainer: Unsloth where there is CUDA and it can be imported, else TRL and PEFT.

Importing Unsloth patches transformers, TRL and PEFT, so this is done before any of them is imported. Unsloth is
optional: parts of it are AGPL-3.0.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.models.base_models import BaseModel, config_of
from garage_tui.core.settings.settings import models_folder
from garage_tui.core.training.recipe import TrainerName

ARCHITECTURES = ("llama", "mistral", "qwen2", "qwen3")
"""Model types with a forward pass of Unsloth's own that `jobs/llm/unsloth.py` supports."""


@dataclass(frozen=True)
class TrainerChoice:
    """The trainer of a run."""

    unsloth: bool
    text: str
    """The sentence for the log: `trains with TRL and PEFT: no CUDA GPU`."""


def choose(name: TrainerName, base: BaseModel) -> TrainerChoice:
    """Return the trainer; if it is Unsloth, it is imported now.

    Unsloth can be imported without a GPU too, so CUDA decides, or the recipe.

    Raises:
        GarageError: the recipe requires Unsloth, and it cannot be used; the text says why.
    """
    why = "set in the recipe" if name == "peft" else "" if name == "unsloth" else _reason_against_unsloth(base)
    if not why:
        try:
            return TrainerChoice(True, f"trains with Unsloth {_import().__version__}")
        except Exception as error:  # whatever the failure, the run can train without it
            why = f"Unsloth {_import_failure(error)}"
            if name == "unsloth":
                raise GarageError(f"{why}; without `--trainer unsloth` the run trains with TRL and PEFT") from error
    return TrainerChoice(False, f"trains with TRL and PEFT: {why}")


def _reason_against_unsloth(base: BaseModel) -> str:
    """Return why Unsloth is not used here; empty where it can be."""
    if not torch.cuda.is_available():
        return "no CUDA GPU"
    if torch.cuda.device_count() > 1:
        return "Unsloth supports one GPU, and this run has several"
    architecture = config_of(base.path).get("model_type")
    if architecture not in ARCHITECTURES:
        return f"Unsloth is used only for {', '.join(ARCHITECTURES)}, and this base is {architecture or 'unknown'}"
    return ""


def _import() -> Any:
    # Otherwise it would contact the Hub at each start, and write generated code into the current folder.
    os.environ.setdefault("UNSLOTH_DISABLE_STATISTICS", "1")
    os.environ.setdefault("UNSLOTH_COMPILE_LOCATION", str(models_folder().parent / "unsloth"))
    import unsloth

    return unsloth


def _import_failure(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "unsloth":
        return "is not installed; `garage doctor` has the command that installs it"
    return f"cannot be imported ({one_line(str(error) or type(error).__name__, 160)})"
