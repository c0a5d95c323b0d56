"""Which GPU a run takes, or the CPU: the slots of this machine, and how they are assigned to the waiting runs.

A slot is taken as long as somebody holds its file, `slot-cpu.lock` or `slot-gpu-N.lock`, with flock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

CPU = "cpu"
"""Name of the slot of the processor; those of GPUs are their indices."""


class SlotRequest(Protocol):
    """What a waiting run needs; `queue.QueueEntry` is one."""

    @property
    def folder(self) -> str: ...
    @property
    def any_of(self) -> tuple[str, ...]:
        """Names of the slots that it can use."""
        ...

    @property
    def take(self) -> int:
        """Number of slots that it needs."""
        ...


def assign(waiting: Iterable[SlotRequest], free: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return which of the free slots each waiting run gets, by its folder, in the order of the queue.

    A run that needs more slots than are free reserves those that it can use, so that smaller runs do not starve it.
    """
    left, assigned = list(free), {}
    for entry in waiting:
        usable = [slot for slot in entry.any_of if slot in left]
        if len(usable) >= entry.take:
            usable = usable[: entry.take]
            assigned[entry.folder] = tuple(usable)
        left = [slot for slot in left if slot not in usable]
    return assigned


def take_free(folder: Path, slots: Iterable[str]) -> dict[str, int]:
    """Take those of these slots that nobody holds.

    Args:
        folder: the queue's folder, whose lock the caller holds.

    Returns:
        The file descriptor of the held lock for each slot.
    """
    held = {}
    for slot in sorted(slots, key=lambda name: (len(name), name)):
        name = f"slot-{slot}.lock" if slot == CPU else f"slot-gpu-{slot}.lock"
        lock = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held[slot] = lock
        except BlockingIOError:
            os.close(lock)
    return held
