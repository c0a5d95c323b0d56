"""The recipe of a diffusion run: every hyper-parameter, and its presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.number_checks import Positive, validation_text
from garage_tui.core.base.sanitize import quoted

Prediction = Literal["v_prediction", "epsilon", "sample"]
NAMED = ("procedural", "smithsonian")
"""Names of the picture sets; every other text is the path of a folder."""
SHEET_EPOCHS = (1, 4, 8, 15, 30, 60)
"""Epochs after which a run draws a sheet: those of the story."""


class DiffusionRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hyper-parameters of one DDPM (arXiv 2006.11239); the names are diffusers'."""

    preset: str = "small"
    images: str = "procedural"
    """`procedural`, `smithsonian`, or a folder of pictures."""
    size: Annotated[int, msgspec.Meta(ge=16, le=256, multiple_of=16)] = 32
    """Side of a picture in pixels."""
    fit: Literal["crop", "fit"] = "crop"
    """Whether a picture that is no square is cropped to its middle or kept whole on a ground of its border's colour."""
    flip: bool = True
    """Show every picture mirrored half of the time."""
    epochs: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 60
    batch_size: Positive = 25
    lr: Annotated[float, msgspec.Meta(gt=0, le=1)] = 3e-3
    """Peak learning rate of AdamW."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate goes from its peak to zero at the end."""
    warmup_steps: Annotated[int, msgspec.Meta(ge=0)] = 100
    weight_decay: Annotated[float, msgspec.Meta(ge=0)] = 0.01
    beta2: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.99
    """AdamW's second beta."""
    channels: tuple[Positive, ...] = (16, 32, 64)
    """Channels of each level of the U-Net, the finest level first."""
    attention: tuple[bool, ...] = (False, False, True)
    """Which levels have self-attention."""
    layers: Positive = 1
    """Residual blocks of each level."""
    head_dim: Positive = 16
    """Channels of one head of attention."""
    groups: Positive = 8
    """Groups of the group norms; a divisor of all channels."""
    patch: Literal[1, 2, 4] = 2
    """Side in pixels of the blocks that the U-Net works on (`jobs/diffusion/unet.py`)."""
    prediction: Prediction = "v_prediction"
    """What the U-Net predicts: the noise, the picture, or v = √ᾱ·noise − √(1−ᾱ)·picture (arXiv 2202.00512)."""
    noise: Literal["squaredcos_cap_v2", "linear"] = "squaredcos_cap_v2"
    """diffusers' name of the noise schedule: cosine (arXiv 2102.09672) or DDPM's own."""
    min_snr: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 0.0
    """Losses at little noise count at most as at this signal-to-noise ratio (arXiv 2303.09556); 0: no limit."""
    ema: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.999
    """Maximum decay of the running mean of the weights, which draws; 0 draws with the weights themselves."""
    mixed_precision: Literal["no", "bf16", "auto"] = "auto"
    """accelerate's setting; `auto` is bf16 on a GPU that supports it."""
    compile: bool = False
    """torch.compile the U-Net: slow first steps, then faster ones on a GPU."""
    sampler: Literal["ddim", "ddpm", "dpmsolver"] = "ddpm"
    sample_steps: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    """Steps from noise to a picture."""
    samples: Annotated[int, msgspec.Meta(ge=1, le=64)] = 16
    """Pictures on a sheet."""
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] = 0

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.attention):
            raise ValueError(f"{len(self.channels)} levels of channels, but {len(self.attention)} of attention")
        if bad := [count for count in self.channels if count % self.groups]:
            raise ValueError(f"{bad[0]} channels cannot be normed in {self.groups} groups")
        if self.size % (self.patch * 2 ** (len(self.channels) - 1)):
            raise ValueError(f"{self.size} pixels cannot be halved for {len(self.channels)} levels")

    def steps(self, pictures: int) -> int:
        """Return the optimiser steps for a number of pictures; the last batch of an epoch may be smaller."""
        return self.epochs * self.steps_an_epoch(pictures)

    def steps_an_epoch(self, pictures: int) -> int:
        return math.ceil(pictures / self.batch_size)

    @property
    def sheet_epochs(self) -> tuple[int, ...]:
        """Epochs after which a contact sheet is drawn: the first few, every 60th after those, and the last."""
        more = range(SHEET_EPOCHS[-1] * 2, self.epochs, SHEET_EPOCHS[-1])
        return tuple(dict.fromkeys([*(epoch for epoch in (*SHEET_EPOCHS, *more) if epoch <= self.epochs), self.epochs]))


# The tutorial: huggingface.co/docs/diffusers/tutorials/basic_training; neither it nor the class has an EMA.
_STORY: dict[str, object] = {
    "size": 128, "epochs": 50, "batch_size": 16, "lr": 1e-4, "warmup_steps": 500, "beta2": 0.999, "layers": 2,
    "channels": (128, 128, 256, 256, 512, 512), "attention": (False, False, False, False, True, False), "head_dim": 8,
    "groups": 32, "patch": 1, "prediction": "epsilon", "noise": "linear", "ema": 0.0, "sampler": "ddpm",
    "sample_steps": 1000,
}  # fmt: skip
# Unit 1 of the class: github.com/huggingface/diffusion-models-class, 01_introduction_to_diffusers.ipynb.
_CLASS: dict[str, object] = {
    "epochs": 30, "batch_size": 64, "lr": 4e-4, "schedule": "constant", "warmup_steps": 0, "beta2": 0.999, "layers": 2,
    "channels": (64, 128, 128, 256), "attention": (False, False, True, True), "head_dim": 8, "groups": 32, "patch": 1,
    "prediction": "epsilon", "ema": 0.0, "sampler": "ddpm", "sample_steps": 1000,
}  # fmt: skip
_CARD: dict[str, object] = {
    "size": 64, "lr": 2e-4, "channels": (64, 128, 256, 256), "attention": (False, False, True, True), "layers": 2,
    "warmup_steps": 200, "beta2": 0.999, "batch_size": 32, "head_dim": 32, "groups": 32, "patch": 1, "min_snr": 5.0,
    "compile": True,
}  # fmt: skip
_PRESETS: dict[str, tuple[str, dict[str, object]]] = {
    "small": ("32 px: minutes on two processor cores", {}),
    "quick": ("32 px, 4 epochs: does it run at all", {"epochs": 4}),
    "card": ("64 px: for a GPU with 8 GB or more", _CARD),
    "large": (
        "128 px: for a GPU with 24 GB",
        {**_CARD, "size": 128, "channels": (64, 128, 128, 256, 256), "attention": (False, False, False, True, True)},
    ),
    "class": ("32 px, as in Hugging Face's class", _CLASS),
    "story": ("128 px, as in diffusers' tutorial", _STORY),
}

CHANGEABLE = (
    "images", "size", "fit", "flip", "epochs", "batch_size", "lr", "prediction", "min_snr", "ema", "sampler",
    "sample_steps", "samples", "compile", "seed",
)  # fmt: skip
"""The fields that the command line can change; the form has a field for each."""


def presets() -> dict[str, str]:
    """Return the presets by name, each with its purpose."""
    return {name: purpose for name, (purpose, _) in _PRESETS.items()}


def usual_epochs(recipe: Mapping[str, object]) -> int:
    """Return the epochs of the preset that a recipe names; 0 if this version has no such preset."""
    name = recipe.get("preset")
    return make_recipe(name).epochs if isinstance(name, str) and name in _PRESETS else 0


def default_preset() -> str:
    """Return the preset for this box."""
    from garage_tui.core.hardware import gpus as gpu

    return "card" if gpu.usable() else "small"


def make_recipe(preset: str = "small", **changes: object) -> DiffusionRecipe:
    """Return the preset's recipe with `changes` over it; a change that is None keeps the preset's value.

    Raises:
        BadInputError: no such preset, or values that do not go together; the text names both.
    """
    if preset not in _PRESETS:
        raise BadInputError(f"no preset {quoted(preset)}; there are {', '.join(_PRESETS)}")
    values = {**_PRESETS[preset][1], "preset": preset, **{k: v for k, v in changes.items() if v is not None}}
    try:
        return msgspec.convert(values, DiffusionRecipe)
    except msgspec.ValidationError as error:
        raise BadInputError(validation_text(error)) from error
