"""Checkpoints of a job: when one is due, where a run resumes, and folders that are complete or absent."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.atomic import sync_folder, sync_tree
from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.runs import checkpoints
from garage_tui.jobs.runtime.progress import Progress

_SHARE = 0.02  # of the time may go into saving


@dataclass(frozen=True)
class ResumePoint:
    """The point from which a run starts or resumes: step 0, or a checkpoint."""

    folder: Path | None = None
    step: int = 0
    tokens: int = 0


def find_resume_point(run: Path, progress: Progress) -> ResumePoint:
    """Return the newest complete checkpoint, whose step the state has from now on.

    Damaged ones are reported and deleted.

    Raises:
        GarageError: one cannot be read now; it is kept, since nothing says that it is damaged.
    """
    for folder in checkpoints.list_checkpoints(run):
        try:
            seal = checkpoints.read_seal(folder)
        except OSError as error:
            raise GarageError(
                f"{folder.name} cannot be read ({reason_of(error)}); it is kept: resume the run once the disk answers, "
                "or delete that folder to go on from the checkpoint before it"
            ) from error
        if seal:
            progress.write_event("resumed", at=seal.step, told=progress.last_step)
            print(f"resuming from {folder.name}", flush=True)
            progress.begin_at(seal.step)
            return ResumePoint(folder, seal.step, seal.tokens)
        progress.warn(f"{folder.name} is damaged or incomplete, so it is ignored")
        checkpoints.remove(folder)
    if progress.last_step:
        progress.write_event("resumed", at=0, told=progress.last_step)
        print("no complete checkpoint yet: starting again at step 0", flush=True)
    progress.begin_at(0)
    return ResumePoint()


def seal(run: Path, step: int, tokens: int, progress: Progress) -> None:
    """Mark the checkpoint that was just written as complete, and delete old ones."""
    folder = run / f"checkpoint-{step}"
    (folder / "training_args.bin").unlink(missing_ok=True)  # a pickle, which must never be loaded
    progress.sync()
    checkpoints.seal(folder, step, tokens)
    checkpoints.keep_newest(run)


class CheckpointSchedule:
    """Decides when the next checkpoint is due; saving takes at most 2 % of the time.

    Args:
        every: seconds of work between two checkpoints.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._next = time.monotonic() + every
        self._checked = 0.0

    def due(self) -> bool:
        """Return whether a checkpoint should be saved now."""
        self._checked = time.monotonic()
        return self._checked >= self._next

    def done(self) -> None:
        """Record that a checkpoint was saved."""
        cost = time.monotonic() - self._checked
        self._next = time.monotonic() + max(self._every, cost / _SHARE)


def replace_folder(target: Path, save: Callable[[str], None]) -> None:
    """Let `save` fill a temporary folder, then move it to `target`: readers see a complete folder or none.

    It is on the disk by then, so that after a power cut no run is finished without its model.
    """
    part, old = target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.old")
    for left_over in (part, old):
        shutil.rmtree(left_over, ignore_errors=True)
    save(str(part))
    (part / "training_args.bin").unlink(missing_ok=True)  # a pickle, which must never be loaded
    sync_tree(part)
    if target.exists():
        target.rename(old)
    part.rename(target)
    sync_folder(target.parent)
    shutil.rmtree(old, ignore_errors=True)
