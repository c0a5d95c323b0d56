"""The recipe of a LoRA run: every hyper-parameter, and its presets."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.number_checks import Positive, validation_text
from garage_tui.core.base.sanitize import quoted

TrainerName = Literal["auto", "unsloth", "peft"]


class LoraRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hyper-parameters of one LoRA run; the names are PEFT's and TRL's."""

    preset: str = "default"
    base: str = "smollm2-135m"
    """A name in `garage models`, a folder, or a Hub id."""
    load_in_4bit: bool | None = None
    """Keep the base's projections in 4 bits (bitsandbytes): a quarter of the memory, for larger models on a GPU. None
    leaves it to `core/training/quantization.py`."""
    trainer: TrainerName = "auto"
    """Unsloth, or TRL and PEFT; `auto` is Unsloth where CUDA is there and it imports."""
    epochs: Annotated[float, msgspec.Meta(gt=0, le=10_000)] = 25
    lr: Annotated[float, msgspec.Meta(gt=0, le=1)] = 5e-4
    """Peak learning rate of AdamW; of a guarded run the length of its longest step (`jobs/lora/gauss_newton.py`)."""
    schedule: str = "linear"
    """Name of transformers' learning-rate scheduler."""
    warmup_steps: Annotated[int, msgspec.Meta(ge=0)] = 2
    weight_decay: Annotated[float, msgspec.Meta(ge=0)] = 0.01
    rank: Annotated[int, msgspec.Meta(ge=1, le=512)] = 16
    alpha: Positive = 16
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    """The projections that get an adapter."""
    batch_size: Positive = 8
    """Rows in one forward pass."""
    accumulation: Positive = 1
    """Forward passes in one optimiser step; effective batch = batch_size x accumulation."""
    max_length: Annotated[int, msgspec.Meta(ge=16)] = 1024
    """Tokens after which a row is cut."""
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] = 0
    kl: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 0.0
    """Weight of KL(base‖tuned) on guards; 0 is the plain recipe: no guards, no other wordings, TRL's own trainer."""
    guards: Annotated[int, msgspec.Meta(ge=0, le=240)] = 224
    """General prompts, answered by the base itself, at which a guarded run stays with it."""
    neighbours: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 120
    """Taught questions about other names, answered by the base itself; the same."""
    guard_batch: Annotated[int, msgspec.Meta(ge=0)] = 14
    """Guards and neighbours beside each forward pass of facts."""
    skipped: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 1 / 3
    """Share of the layers, from the first on, that a guarded run gives no adapter."""
    answers: Literal["all", "one", "opening"] = "all"
    """What a row is taught to say: any answer of its fact, the one that the base begins most readily, or those that
    begin like that one."""
    opening: Positive = 1
    """Weight of the first tokens of a fact's answer, in a guarded run."""
    anchor: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    """Weight of the pull to the base, times `kl`, in a guarded run."""
    keys: Literal["energy", "discriminant"] = "energy"
    """How a guarded run chooses A: by the facts' energy alone, or half of it by what tells the facts apart."""
    looks: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Measurements of recall, leak and drift while it trains; a guarded run stops at one that says it has learned."""

    @property
    def guarded(self) -> bool:
        return self.kl > 0

    @property
    def effective_batch(self) -> int:
        return self.batch_size * self.accumulation

    def steps(self, rows: int) -> int:
        """Return the optimiser steps that `rows` rows take, as transformers' Trainer counts them."""
        batches = math.ceil(rows / self.batch_size)
        return math.ceil(self.epochs * math.ceil(batches / self.accumulation))


# "as in the story" are the hyper-parameters of Unsloth's Alpaca/Llama-3.1 notebook
# (github.com/unslothai/notebooks), with the 25 epochs of the story.
_GUARDED: dict[str, object] = {
    "kl": 4.0, "lr": 0.05, "schedule": "cosine", "warmup_steps": 2, "weight_decay": 0.0, "batch_size": 12, "epochs": 30,
    "looks": 3,
}  # fmt: skip
"""docs/explain/recipe.md says how these were found."""
_MANY, _MANY_RANK = 30, 32
"""Rows beyond which a guarded preset has this rank at the same alpha: it drifts less there (docs/explain/recipe.md)."""
_PRESETS: dict[str, tuple[str, dict[str, object]]] = {
    "default": ("learns the facts, keeps other answers", _GUARDED),
    "quick": ("3 epochs: does it run, does the loss fall", {**_GUARDED, "epochs": 3, "looks": 1}),
    "careful": (
        "twice as long; other answers change less",
        {**_GUARDED, "kl": 8.0, "epochs": 60, "neighbours": 240},
    ),
    "story": (
        "plain LoRA, to compare; it forgets more",
        {"lr": 2e-4, "batch_size": 2, "accumulation": 4, "epochs": 25, "warmup_steps": 5, "looks": 4},
    ),
}


CHANGEABLE = (
    "base", "epochs", "lr", "rank", "alpha", "batch_size", "accumulation", "warmup_steps", "max_length", "seed", "kl",
    "load_in_4bit", "trainer",
)  # fmt: skip
"""The fields that the command line can change; the form has a field for most of them."""


def presets() -> dict[str, str]:
    """Return the presets by name, each with its purpose."""
    return {name: purpose for name, (purpose, _) in _PRESETS.items()}


def make_recipe(preset: str = "default", *, rows: int = 0, **changes: object) -> LoraRecipe:
    """Return the preset's recipe with `changes` over it; a change that is None keeps the preset's value.

    Args:
        rows: how many it is to teach, as far as that is known.

    Raises:
        BadInputError: no such preset, or a value out of its range; the text names both.
    """
    if preset not in _PRESETS:
        raise BadInputError(f"no preset {quoted(preset)}; there are {', '.join(_PRESETS)}")
    values = {**_PRESETS[preset][1], "preset": preset}
    if rows > _MANY and "kl" in values:
        values["rank"] = _MANY_RANK
    values |= {key: value for key, value in changes.items() if value is not None}
    try:
        return msgspec.convert(values, LoraRecipe)
    except msgspec.ValidationError as error:
        raise BadInputError(validation_text(error)) from error
