"""What a diffusion run leaves in its folder: the pictures it learned from, its sheets, and what draws."""

from __future__ import annotations

import contextlib
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from garage_tui.core.base.numbers import is_number
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line

IMAGES, HELD_OUT = "images.npy", "held_out.npy"
"""(count, size, size, 3) uint8, sRGB: what it learns from, and what it is measured on."""
SAMPLES = "samples"
PIPELINE = "pipeline"
"""A diffusers pipeline folder, once training has ended."""


_MOST_HEADER = 4_000_000
"""Bytes of a safetensors header: a longer one is none."""


def sheet_of(run: Path, epoch: int) -> Path:
    """Return the path of the sheet that is drawn after an epoch."""
    return run / SAMPLES / f"epoch-{epoch:04d}.png"


def parameters(run: Path) -> int | None:
    """Return how many parameters a run's net has, by the header of its weights; None before any are saved."""
    pipeline = run / PIPELINE / "unet" / "diffusion_pytorch_model.safetensors"
    for path in (pipeline, *run.glob("checkpoint-*/net.safetensors")):
        with contextlib.suppress(OSError, ValueError, struct.error, LookupError, TypeError, AttributeError):
            return _count(path)
    return None


def _count(weights: Path) -> int:
    with open_regular(weights) as file:
        (size,) = struct.unpack("<Q", file.read(8))
        if size > _MOST_HEADER:
            raise ValueError(f"{weights} is no safetensors file")
        tensors = json.loads(file.read(size))
    return sum(int(math.prod(about["shape"])) for name, about in tensors.items() if name != "__metadata__")


@dataclass(frozen=True)
class NewSheet:
    """A sheet that was just drawn, as the run's events tell it."""

    step: int
    epoch: int
    held_out: float
    """Loss on the pictures that are never learned from."""
    path: str
    """In the run folder."""

    @property
    def words(self) -> str:
        return f"epoch {self.epoch}: held-out loss {self.held_out:.4f}, {self.path}"


def new_sheet(event: dict[str, Any]) -> NewSheet | None:
    """Return the sheet of an event; None where it tells of none, or makes no sense."""
    step, epoch, held_out, path = (event.get(name) for name in ("step", "epoch", "held_out", "path"))
    if event.get("event") != "sheet" or not (is_number(step) and isinstance(step, int) and isinstance(epoch, int)):
        return None
    if not (is_number(held_out) and isinstance(path, str)):
        return None
    return NewSheet(step, epoch, float(held_out), one_line(path))


def does_not_talk(run_id: str) -> str:
    """Return why a question cannot be put to a diffusion run."""
    return f"{run_id} has learned to draw, and answers no questions: `garage sample {run_id} --out FILE.png`"
