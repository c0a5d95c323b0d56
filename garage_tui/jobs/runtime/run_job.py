"""The common frame of training jobs: read the manifest, measure the hardware, report how the job ended, clean up."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.hardware import power_cap
from garage_tui.core.runs import checkpoints
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.runtime.error_text import describe_error
from garage_tui.jobs.runtime.heat_guard import Interruptions
from garage_tui.jobs.runtime.progress import Progress, StopRequestedError
from garage_tui.jobs.runtime.telemetry import Telemetry

FULL_DISK = "free some space and resume the run"

R = TypeVar("R", LoraRecipe, DiffusionRecipe)


@dataclass(frozen=True)
class Job(Generic[R]):
    """The inputs of a training job."""

    folder: Path
    """The run folder."""
    manifest: Manifest
    recipe: R
    progress: Progress
    interruptions: Interruptions


def _do_nothing() -> None:
    """The check of a job that can always work."""


def run(
    train: Callable[[Job[R]], None], recipe: type[R], out_of_memory: str, allowed: Callable[[], None] = _do_nothing
) -> int:
    """Run `train` on the run folder of the command line, and return the exit code.

    Args:
        recipe: what the manifest's recipe is read as.
        out_of_memory: the reason that a run ends with when there was too little memory.
        allowed: raises `GarageError` where the job cannot work as it was started; the folder is then left as it is.
    """
    try:
        allowed()
        progress = Progress.of_arguments(sys.argv[1:])
    except GarageError as error:  # nothing was written yet
        print(error, file=sys.stderr, flush=True)
        return 2
    telemetry = Telemetry(progress)
    try:
        telemetry.start()
        progress.gauges = telemetry.fields
        train(_prepare(progress, telemetry, recipe))
    except StopRequestedError:
        progress.end_early()
    except Exception as error:
        reason = describe_error(error, folder=progress.folder, full_disk=FULL_DISK, out_of_memory=out_of_memory)
        with contextlib.suppress(OSError):  # the disk may not answer, which is then the reason
            checkpoints.remove_unsealed(progress.folder)  # on a full disk this makes space for the last state
        if not isinstance(error, GarageError):
            with contextlib.suppress(OSError):  # the disk may be full
                traceback.print_exc()
        progress.end("failed", reason)
        return 1
    finally:
        telemetry.stop()
        power_cap.put_back(progress.folder)  # its supervisor does that, unless it was killed
    return 0


def _prepare(progress: Progress, telemetry: Telemetry, recipe: type[R]) -> Job[R]:
    """Read the manifest of a run, and have the job wait wherever it can while its GPU is too hot."""
    manifest = msgspec.json.decode(read_regular(progress.folder / MANIFEST), type=Manifest)
    limits = manifest.limits.at_a_place() if manifest.place else manifest.limits
    interruptions = Interruptions(progress, telemetry, limits)
    interruptions.check()
    progress.cool_down = lambda: interruptions.cool(progress.last_step)
    return Job(progress.folder, manifest, msgspec.convert(manifest.recipe, recipe), progress, interruptions)
