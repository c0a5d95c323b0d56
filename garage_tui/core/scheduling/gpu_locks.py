"""Advisory locks through which a run evicts model servers from a GPU (or from main memory).

The locks are files in the queue's folder, so that the death of a process releases them:

* `seat-SLOT.lock` is held, shared, by every server that has its model on the slot;
* `asked-SLOT.lock` is held exclusively by the run that claims the slot, for as long as it works. A server that sees the
  claim unloads its model and releases its lock, and takes it again when the claim has ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.locked_file import locked_soon
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.base.workspace import queue_folder
from garage_tui.core.base.write_errors import why_not_written

_NAME_BYTES = 200


def used_by_server(slots: Iterable[str]) -> bool:
    """Return whether a server has its model on one of these slots."""
    return any(not _free(_file("seat", slot), fcntl.LOCK_EX) for slot in slots)


def claimed_by(slot: str) -> str:
    """Return the run that claims this slot; empty if none does."""
    file = _file("asked", slot)
    if _free(file, fcntl.LOCK_SH):
        return ""
    with contextlib.suppress(OSError):
        return one_line(decoded(read_regular(file)[:_NAME_BYTES])) or "a run"
    return "a run"


def claim(slots: Iterable[str], run: str) -> list[int]:
    """Evict all servers from these slots for as long as one of the returned file descriptors, or a copy, is open.

    Returns:
        One descriptor a slot; none at all if another process keeps one of them: then this is to be tried again.

    Raises:
        GarageError: the queue's folder cannot be written.
    """
    held: list[int] = []
    try:
        for slot in slots:
            lock = _open(_file("asked", slot))
            held.append(lock)
            if not locked_soon(lock):  # a server that reads the claim has the lock for a moment, too
                for taken in held:
                    os.close(taken)
                return []
            os.ftruncate(lock, 0)
            os.pwrite(lock, run.encode()[:_NAME_BYTES], 0)
    except OSError as error:
        for lock in held:
            os.close(lock)
        raise GarageError(f"the queue's folder cannot be written: {why_not_written(error, queue_folder())}") from error
    return held


class GpuLock:
    """The lock of a server that has its model on one slot.

    Args:
        slot: `cpu`, or the index of a GPU.
    """

    def __init__(self, slot: str) -> None:
        self.slot = slot
        self._lock: int | None = None

    def take(self) -> bool:
        """Take the lock; return False if a run claims the slot."""
        if self._lock is None:
            lock = _open(_file("seat", self.slot))
            fcntl.flock(lock, fcntl.LOCK_SH)  # whoever tests it holds it for a moment only
            self._lock = lock
        if claimed_by(self.slot):  # checked last, because a run claims first and tests the locks then
            self.leave()
            return False
        return True

    def leave(self) -> None:
        """Release the lock: the memory is free."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _file(what: str, slot: str) -> Path:
    return queue_folder() / f"{what}-{slot}.lock"


def _open(file: Path) -> int:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _free(file: Path, kind: int) -> bool:
    try:
        lock = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return True  # it was never held
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
