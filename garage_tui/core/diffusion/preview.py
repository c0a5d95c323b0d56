"""What a diffusion run would learn from, looked at before it starts: two sheets, and what was left out.

A process of its own makes it (`python -m garage_tui.jobs.diffusion.preview`); here is how it is asked and what it
answers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import models_folder
from garage_tui.core.diffusion.noise_schedule import Schedule
from garage_tui.core.images.square import Fit

SHEETS = ("data.png", "noise.png")
"""The files of the two sheets: pictures as the model sees them, and one that turns to noise."""


class LeftOutImage(msgspec.Struct, frozen=True):
    """A picture that a run leaves out, and why."""

    name: str
    why: str
    """A kind, to group by: `damaged`, `too small`, `duplicate` …"""
    reason: str
    """To follow the name: `is damaged: …`."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would learn from."""

    source: str
    """`procedural`, `smithsonian`, or the folder's absolute path."""
    label: str
    """For people."""
    size: int
    """Side of a picture, in pixels."""
    fit: Fit
    seed: int
    train: int
    """Pictures to learn from."""
    held_out: int
    left_out: tuple[LeftOutImage, ...]
    sha256: str
    """Of what was loaded."""
    schedule: Schedule
    timesteps: tuple[int, ...]
    """Of the pictures in `noise`."""
    data: str
    """A sheet of pictures as the model sees them."""
    noise: str
    """A sheet of one of them that turns to noise."""


class Failure(msgspec.Struct, frozen=True):
    """What the process answers where there is nothing to see."""

    error: str
    bad_input: bool = False


def folder() -> Path:
    """Where sheets are written that nobody wants elsewhere."""
    return models_folder().parent / "images" / "preview"


def command(
    images: str,
    size: int,
    fit: Fit = "crop",
    seed: int = 0,
    schedule: Schedule = "squaredcos_cap_v2",
    out: Path | None = None,
) -> list[str]:
    """Return the command whose stdout is for `answer`; its stderr says in sentences how far it is.

    Args:
        images: `procedural`, `smithsonian`, or a folder.
        size: side of a picture, in pixels.
        fit: how a picture becomes square.
        seed: of procedural pictures, of the choice of what is shown, and of the noise.
        out: where the two sheets go; by default `folder()`.
    """
    options = {"images": images, "size": size, "fit": fit, "seed": seed, "schedule": schedule, "out": out or folder()}
    job = [sys.executable, "-P", "-m", "garage_tui.jobs.diffusion.preview"]
    return [*job, *(f"--{name}={value}" for name, value in options.items())]


def answer(stdout: bytes, code: int) -> Preview:
    """Return what the process said.

    Raises:
        GarageError: it failed; BadInputError where what it was asked for cannot be had.
    """
    try:
        if code == 0:
            return msgspec.json.decode(stdout, type=Preview)
        failure = msgspec.json.decode(stdout, type=Failure)
    except DAMAGED:
        raise GarageError(f"the process that reads the pictures ended with exit code {code}") from None
    raise (BadInputError if failure.bad_input else GarageError)(one_line(failure.error, 600))
