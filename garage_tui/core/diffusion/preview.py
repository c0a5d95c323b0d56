"""The preview of the pictures that a diffusion run would learn from: two sheets, and the pictures left out.

A separate process makes it (`python -m garage_tui.jobs.diffusion.preview`). This module has its command line and its
reply.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.diffusion.noise_schedule import Schedule
from garage_tui.core.images.square import Fit
from garage_tui.core.settings.settings import models_folder

SHEETS = ("data.png", "noise.png")
"""The files of the two sheets: pictures as the model sees them, and one that turns to noise."""


class LeftOutImage(msgspec.Struct, frozen=True):
    """A picture that a run leaves out, and why."""

    name: str
    why: str
    """The kind of fault, for counting: `damaged`, `too small`, `duplicate` …"""
    reason: str
    """The end of a sentence that begins with the name: `is damaged: …`."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The pictures that a run would learn from, and the sheets that show them."""

    source: str
    """`procedural`, `smithsonian`, or the folder's absolute path."""
    label: str
    """The source as a person reads it."""
    size: int
    """Side of a picture, in pixels."""
    fit: Fit
    seed: int
    train: int
    """Number of training pictures."""
    held_out: int
    left_out: tuple[LeftOutImage, ...]
    sha256: str
    """Hash of the loaded pictures."""
    schedule: Schedule
    timesteps: tuple[int, ...]
    """Timesteps of the pictures on the sheet `noise`."""
    data: str
    """Path of the sheet of pictures as the model gets them."""
    noise: str
    """Path of the sheet of one picture with more and more noise."""


class Failure(msgspec.Struct, frozen=True):
    """The reply of the process when it fails."""

    error: str
    bad_input: bool = False


def folder() -> Path:
    """Return the folder in which the sheets are written by default."""
    return models_folder().parent / "images" / "preview"


def command(
    images: str,
    size: int,
    fit: Fit = "crop",
    seed: int = 0,
    schedule: Schedule = "squaredcos_cap_v2",
    out: Path | None = None,
) -> list[str]:
    """Return the command that makes the preview; `answer` reads its stdout, and its stderr reports the progress.

    Args:
        images: `procedural`, `smithsonian`, or a folder.
        size: side of a picture, in pixels.
        fit: how a picture becomes square.
        seed: the seed of procedural pictures, of the choice of pictures shown, and of the noise.
        out: the folder for the two sheets; by default `folder()`.
    """
    options = {"images": images, "size": size, "fit": fit, "seed": seed, "schedule": schedule, "out": out or folder()}
    job = [sys.executable, "-P", "-m", "garage_tui.jobs.diffusion.preview"]
    return [*job, *(f"--{name}={value}" for name, value in options.items())]


def answer(stdout: bytes, code: int) -> Preview:
    """Return the preview from the stdout and the exit code of the process.

    Raises:
        GarageError: it failed; BadInputError if the pictures cannot be used.
    """
    try:
        if code == 0:
            return msgspec.json.decode(stdout, type=Preview)
        failure = msgspec.json.decode(stdout, type=Failure)
    except DAMAGED:
        raise GarageError(f"the process that reads the pictures ended with exit code {code}") from None
    raise (BadInputError if failure.bad_input else GarageError)(one_line(failure.error, 600))
