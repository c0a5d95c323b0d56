"""Files of a diffusion run: the pictures it learned from, its contact sheets, its pipeline."""

from __future__ import annotations

import contextlib
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from garage_tui.core.base.number_checks import is_number
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line

IMAGES, HELD_OUT = "images.npy", "held_out.npy"
"""Arrays of shape (count, size, size, 3), uint8, sRGB: training pictures, and held-out ones to measure on."""
SAMPLES = "samples"
PIPELINE = "pipeline"
"""A diffusers pipeline folder, once training has ended."""
_MAX_HEADER = 4_000_000
"""Most bytes of a safetensors header; a file with a longer one is not read."""


def sheet_of(run: Path, epoch: int) -> Path:
    """Return the path of the contact sheet of an epoch."""
    return run / SAMPLES / f"epoch-{epoch:04d}.png"


def parameters(run: Path) -> int | None:
    """Return the number of parameters of a run's net, from the header of its weights; None before any are saved."""
    pipeline = run / PIPELINE / "unet" / "diffusion_pytorch_model.safetensors"
    for path in (pipeline, *run.glob("checkpoint-*/net.safetensors")):
        with contextlib.suppress(OSError, ValueError, struct.error, LookupError, TypeError, AttributeError):
            return _count(path)
    return None


def _count(weights: Path) -> int:
    with open_regular(weights) as file:
        (size,) = struct.unpack("<Q", file.read(8))
        if size > _MAX_HEADER:
            raise ValueError(f"{weights} is not a safetensors file")
        tensors = json.loads(file.read(size))
    return sum(int(math.prod(about["shape"])) for name, about in tensors.items() if name != "__metadata__")


@dataclass(frozen=True)
class SheetEvent:
    """The event that a contact sheet was drawn."""

    step: int
    epoch: int
    held_out: float
    """Loss on the held-out pictures, which are never trained on."""
    path: str
    """Relative to the run folder."""

    @property
    def text(self) -> str:
        return f"epoch {self.epoch}: held-out loss {self.held_out:.4f}, {self.path}"


def parse_sheet(event: dict[str, Any]) -> SheetEvent | None:
    """Return the contact sheet of an event; None for another event, or a malformed one."""
    step, epoch, held_out, path = (event.get(name) for name in ("step", "epoch", "held_out", "path"))
    if event.get("event") != "sheet" or not (is_number(step) and isinstance(step, int) and isinstance(epoch, int)):
        return None
    if not (is_number(held_out) and isinstance(path, str)):
        return None
    return SheetEvent(step, epoch, float(held_out), one_line(path))


def no_chat_reason(run_id: str) -> str:
    """Return why one cannot chat with a diffusion run, and what to do instead."""
    return f"{run_id} draws pictures and cannot answer questions: draw with `garage sample {run_id} --out FILE.png`"
