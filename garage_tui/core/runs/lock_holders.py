"""The processes that have the lock of a run folder open, for the message about a lock that is not released."""

from __future__ import annotations

import os
from pathlib import Path

from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.runs.folder import LOCK

_PROC = Path("/proc")
_SHOWN = 3
_LONGEST = 60


def lock_holders(folder: Path) -> list[int]:
    """Return the process ids that have the lock of this run open, by /proc; those of other users are not visible."""
    try:
        lock = os.stat(folder / LOCK)  # noqa: PTH116 (compared with what /proc says)
    except OSError:
        return []
    found = []
    for process in _PROC.iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid() and _has_open(process, lock):
            found.append(int(process.name))
    return sorted(found)


def name_holders(folder: Path) -> str:
    """Return who holds the lock of a run: `process 4711 (python …)`; `a process that is not visible here` if nobody."""
    holders = lock_holders(folder)
    if not holders:
        return "a process that is not visible here (of another user, or of another machine)"
    texts = [f"process {pid} ({_program(pid)})" for pid in holders[:_SHOWN]]
    more = [f"{len(holders) - _SHOWN} more"] if len(holders) > _SHOWN else []
    return ", ".join([*texts, *more])


def _has_open(process: Path, lock: os.stat_result) -> bool:
    try:
        return any(_is_same(one, lock) for one in (process / "fd").iterdir())
    except OSError:  # it has ended, or is another user's
        return False


def _is_same(descriptor: Path, lock: os.stat_result) -> bool:
    try:
        found = os.stat(descriptor)  # noqa: PTH116 (follows the link that /proc shows)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (lock.st_dev, lock.st_ino)


def _program(pid: int) -> str:
    try:
        arguments = decoded((_PROC / str(pid) / "cmdline").read_bytes()).split("\0")
    except OSError:
        return "ended meanwhile"
    module = arguments[arguments.index("-m") + 1 :][:1] if "-m" in arguments else []
    return one_line(" ".join([Path(arguments[0]).name, *module]) or "unknown", _LONGEST)
