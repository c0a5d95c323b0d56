"""What a job saves: checkpoints at a pace that costs little, and folders that are whole or not there."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.runs import checkpoints
from garage_tui.jobs.runtime.progress import Progress

_SHARE = 0.02  # of the time may go into saving


@dataclass(frozen=True)
class ResumePoint:
    """Where a run begins: at the beginning, or at a checkpoint."""

    folder: Path | None = None
    step: int = 0
    tokens: int = 0


def find_start(run: Path, progress: Progress) -> ResumePoint:
    """Return the newest whole checkpoint; damaged ones are said and deleted, so that they are not counted as kept."""
    for folder in checkpoints.list_checkpoints(run):
        if seal := checkpoints.read_seal(folder):
            progress.event("resumed", at=seal.step, told=progress.told_step)
            print(f"going on from {folder.name}", flush=True)
            return ResumePoint(folder, seal.step, seal.tokens)
        progress.warn(f"{folder.name} is damaged or was not finished; it is left out")
        checkpoints.remove(folder)
    if progress.told_step:
        progress.event("resumed", at=0, told=progress.told_step)
        print("no whole checkpoint yet: beginning again", flush=True)
    return ResumePoint()


def seal(run: Path, step: int, tokens: int, progress: Progress) -> None:
    """Make the checkpoint that was just written count, and let go of old ones."""
    folder = run / f"checkpoint-{step}"
    (folder / "training_args.bin").unlink(missing_ok=True)  # a pickle, which nobody should ever load
    progress.sync()
    checkpoints.seal(folder, step, tokens)
    checkpoints.keep_newest(run)


class CheckpointSchedule:
    """Says when the next checkpoint is due: every so many seconds, but never so often that saving costs over 2 %.

    Args:
        every: seconds of work between two checkpoints.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._next = time.monotonic() + every
        self._asked = 0.0

    def due(self) -> bool:
        """Return whether a checkpoint should be saved now."""
        self._asked = time.monotonic()
        return self._asked >= self._next

    def done(self) -> None:
        """A checkpoint has been saved."""
        cost = time.monotonic() - self._asked
        self._next = time.monotonic() + max(self._every, cost / _SHARE)


def replace_whole(target: Path, save: Callable[[str], None]) -> None:
    """Let `save` fill a folder beside `target`, then put it in its place: a reader sees a whole adapter or none."""
    part, old = target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.old")
    for left_over in (part, old):
        shutil.rmtree(left_over, ignore_errors=True)
    save(str(part))
    (part / "training_args.bin").unlink(missing_ok=True)  # a pickle, which nobody should ever load
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)
