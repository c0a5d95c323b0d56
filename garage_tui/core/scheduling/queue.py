"""The queue of this machine: the runs that wait for a CPU or GPU slot, in their order.

There is one queue for all workspaces of a user, and no daemon: `order.json` lists the waiting runs, the slots
(`slots.py`) are held by the processes of the run that works there, and waiting runs check twice a second. Every change
is made under `lock`. An entry counts only while its run is alive and queued, so that nothing has to be cleaned up after
a crash.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.workspace import queue_folder
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.runs.folder import ENDED, is_alive
from garage_tui.core.runs.record import RunState, read_state
from garage_tui.core.scheduling.slots import CPU, assign, take_free

ORDER, LOCK = "order.json", "lock"
_LOCK_SECONDS = 5.0


class QueueEntry(msgspec.Struct, frozen=True):
    """One waiting run."""

    folder: str
    """Absolute path of the run folder."""
    any_of: tuple[str, ...] = (CPU,)
    """Names of the slots that it can use: `cpu`, or indices of GPUs."""
    take: int = 1
    """Number of slots that it needs."""


def enter(entries: Sequence[QueueEntry]) -> None:
    """Add runs at the end of the queue; one that is in it already keeps its position.

    Raises:
        GarageError: the queue cannot be written.
    """
    with _locked() as folder:
        kept = [entry for entry in _read(folder) if _may_return(entry)]
        new = {entry.folder: entry for entry in entries}
        kept = [new.pop(entry.folder, entry) for entry in kept]
        _write(folder, [*kept, *new.values()])


def put_first(folders: Sequence[Path]) -> None:
    """Move runs to the front, in this order; for those that are not in the queue yet a position is reserved."""
    paths = [str(path) for path in folders]
    with _locked() as folder:
        others = {entry.folder: entry for entry in _read(folder)}
        first = [others.pop(path, QueueEntry(path)) for path in paths]
        _write(folder, [*first, *others.values()])


def leave(path: Path) -> None:
    """Take a run out of the queue."""
    with _locked() as folder:
        _write(folder, [entry for entry in _read(folder) if entry.folder != str(path)])


def find(path: Path) -> QueueEntry | None:
    """Return the entry of a waiting run; None if it is not in the queue."""
    return next((entry for entry in _read(queue_folder()) if entry.folder == str(path)), None)


def order() -> tuple[Path, ...]:
    """Return the folders of the waiting runs, in the order in which they will start."""
    return tuple(Path(entry.folder) for entry in _read(queue_folder()) if _waits(entry))


def runs_before(entry: QueueEntry) -> int:
    """Return how many runs have to end before a new one with these slots starts; 0 if it would start at once."""
    with _locked() as folder:
        waiting = [other for other in _read(folder) if _waits(other)]
        held = take_free(folder, {slot for other in (*waiting, entry) for slot in other.any_of})
        for lock in held.values():
            os.close(lock)
    if entry.folder in assign([*waiting, entry], list(held)):
        return 0
    busy = len(set(entry.any_of) - set(held))
    return max(1, busy + len(waiting) - len(entry.any_of) + 1)


def is_taken(slot: str) -> bool:
    """Return whether a run works on a slot; False where the queue cannot be read."""
    try:
        with _locked() as folder:
            held = take_free(folder, {slot})
            for lock in held.values():
                os.close(lock)
    except (OSError, GarageError):
        return False
    return not held


def move(path: Path, by: int) -> int:
    """Move a waiting run by so many positions, to the front if negative; return its new position, from 0.

    Raises:
        BadInputError: it is not in the queue.
    """
    with _locked() as folder:
        entries = _read(folder)
        waiting = [entry for entry in entries if _waits(entry)]
        mine = next((entry for entry in waiting if entry.folder == str(path)), None)
        if mine is None:
            raise BadInputError(f"{path.name} is not in the queue")
        position = max(0, min(len(waiting) - 1, waiting.index(mine) + by))
        waiting.remove(mine)
        waiting.insert(position, mine)
        _write(folder, [*waiting, *(entry for entry in entries if entry not in waiting)])
    return position


def take_slots(mine: QueueEntry) -> dict[str, int] | None:
    """Take the slots of a waiting run if they are free and no run before it needs them.

    Args:
        mine: its entry, which counts whatever the list says: the list may have lost it.

    Returns:
        The file descriptor of the held lock for each slot; None while the run has to wait. Whoever holds a descriptor,
        or a copy of it, holds the slot.
    """
    with _locked() as folder:
        listed = _read(folder)
        entries = [mine if entry.folder == mine.folder else entry for entry in listed]
        if mine not in entries:  # the list was deleted: waiting runs enter again
            entries.append(mine)
        waiting = [entry for entry in entries if _waits(entry)]
        held = take_free(folder, {slot for entry in waiting for slot in entry.any_of})
        chosen = assign(waiting, list(held)).get(mine.folder, ())
        for slot in [slot for slot in held if slot not in chosen]:
            os.close(held.pop(slot))
        if not chosen:
            return None
        # An entry that stays because of a full disk does no harm: its run is no longer queued.
        with contextlib.suppress(OSError, GarageError):
            _write(folder, [entry for entry in entries if entry != mine])
    return held


def _waits(entry: QueueEntry) -> bool:
    """Return whether the run is alive and waits only for its slots."""
    path = Path(entry.folder)
    state = _state(path) if is_alive(path) else None
    return state is not None and state.state == "queued" and not state.waits


def _may_return(entry: QueueEntry) -> bool:
    """Return whether the run waits, or was lost in a power cut, so that `resume` finds its position kept."""
    state = _state(Path(entry.folder))
    return state is not None and state.state not in ENDED


def _state(path: Path) -> RunState | None:
    try:
        return read_state(path)
    except UNREADABLE:
        return None


def _read(folder: Path) -> list[QueueEntry]:
    try:
        return msgspec.json.decode(read_regular(folder / ORDER), type=list[QueueEntry])
    except UNREADABLE:
        return []


def _write(folder: Path, entries: list[QueueEntry]) -> None:
    try:
        write_atomic(folder / ORDER, struct_json(entries), mode=0o600)
    except OSError as error:
        raise GarageError(f"the queue {folder / ORDER} cannot be written: {why_not_written(error, folder)}") from error


@contextlib.contextmanager
def _locked() -> Iterator[Path]:
    """Hold the queue's lock; yield the queue's folder."""
    folder = queue_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise GarageError(f"the queue's folder {folder} cannot be written: {why_not_written(error, folder)}") from error
    deadline = time.monotonic() + _LOCK_SECONDS
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise GarageError(f"another process holds {folder / LOCK} and does not release it") from None
                time.sleep(0.02)
        yield folder
    finally:
        os.close(lock)
