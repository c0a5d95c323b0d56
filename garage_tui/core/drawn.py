"""What a diffusion run leaves in its folder: the pictures it learned from, its sheets, and what draws."""

from __future__ import annotations

from pathlib import Path

IMAGES, HELD_OUT = "images.npy", "held_out.npy"
"""(count, size, size, 3) uint8, sRGB: what it learns from, and what it is measured on."""
SAMPLES = "samples"
PIPELINE = "pipeline"
"""A diffusers pipeline folder, once training has ended."""


def sheet_of(run: Path, epoch: int) -> Path:
    """Return the path of the sheet that is drawn after an epoch."""
    return run / SAMPLES / f"epoch-{epoch:04d}.png"
