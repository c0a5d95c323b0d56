"""Why something could not be written: a full disk, a used-up quota, a file size limit, or the system's own reason.

Libraries hide the system's error. safetensors raises an error of its own with the system's text in it, torch a
RuntimeError with a text about its archive, and others raise one error while they handle another. So the whole chain of
exceptions is searched.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.sanitize import one_line

Shortage = Literal["disk", "quota", "file size"]

_ERRNOS: dict[int | None, Shortage] = {errno.ENOSPC: "disk", errno.EDQUOT: "quota", errno.EFBIG: "file size"}
_TEXTS: tuple[tuple[str, Shortage], ...] = (
    (r"No space left on device|os error 28\b|\[Errno 28\]", "disk"),
    (r"[Dd]isk quota exceeded|os error 122\b|\[Errno 122\]", "quota"),
    (r"File too large|os error 27\b|\[Errno 27\]", "file size"),
    # These do not say why a write failed: torch's archives, which go through a C++ stream, and numpy's arrays.
    (r"PytorchStreamWriter failed writing|unexpected pos \d+ vs \d+|iostream error|file write failed", "disk"),
    (r"\d+ requested and \d+ written|Not enough free (disk )?space|database or disk is full", "disk"),
)


def shortage_of(error: BaseException | None) -> Shortage | None:
    """Return which kind of space ran out, by an exception and what caused it; None for any other error."""
    unclear: Shortage | None = None
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in _ERRNOS:
            return _ERRNOS[one.errno]
        unclear = unclear or shortage_in(str(one))
    return unclear


def shortage_in(text: str) -> Shortage | None:
    """Return which kind of space ran out, by an error text of a library or of another program."""
    return next((kind for pattern, kind in _TEXTS if re.search(pattern, text)), None)


def shortage_sentence(kind: Shortage, path: Path, advice: str = "") -> str:
    """Return which disk is full, and how much of it is free: `the disk is full: only 12 kB free on /data; …`.

    Args:
        path: a file or folder on that disk; it need not exist.
        advice: what to do, in the imperative; by default `free some space and try again`.
    """
    advice = advice or "free some space and try again"
    if is_device(path):
        return "the device takes no more; name another target"
    if kind == "quota":
        return f"your disk quota is used up on {_shown(disk_of(path))}; {advice}"
    if kind == "file size":  # another place has the same limit
        remedy = advice.split(", or ")[0].replace("free some space", "raise the limit", 1)
        return f"a file would be longer than this shell allows (`ulimit -f`): {remedy}"
    disk = disk_of(path)
    try:
        found = os.statvfs(disk)
    except OSError:
        return f"the disk is full; {advice}"
    if found.f_files and not found.f_favail:
        no_inodes = f"{_shown(disk)} can hold no more files, however small (`df -i`)"
        return f"the disk is full: {no_inodes}; {advice.replace('free some space', 'delete some', 1)}"
    return f"the disk is full: only {human_bytes(found.f_bavail * found.f_frsize)} free on {_shown(disk)}; {advice}"


def is_device(path: Path) -> bool:
    """Return whether a path is a device, such as `/dev/full`, whose space is not that of the disk it lies on."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (a NUL in the name raises ValueError here too)
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def shortage(error: BaseException, path: Path, advice: str = "") -> str:
    """Return in a sentence which disk is full, if that is what an exception came from; empty for another error.

    Args:
        path: what was written, for an error that does not name a file.
        advice: as in `shortage_sentence`.
    """
    if not (kind := shortage_of(error)):
        return ""
    named = next(
        (one for one in _chain(error) if isinstance(one, OSError) and one.errno in _ERRNOS and one.filename), None
    )
    if named and isinstance(named.filename, str | bytes):
        path = Path(os.fsdecode(named.filename))
    return shortage_sentence(kind, path, advice)


def why_not_written(error: OSError, path: Path, advice: str = "") -> str:
    """Return why `path` could not be written: which disk is full, and what to do, or the system's reason.

    Args:
        advice: what to do about a full disk.
    """
    return shortage(error, path, advice) or error.strerror or one_line(str(error))


def disk_of(path: Path) -> Path:
    """Return where the disk that `path` is on, or would be on, is mounted."""
    folder = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would read links, one of which may be broken)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    folder = folder.resolve()
    while not os.path.ismount(folder) and folder != folder.parent:
        folder = folder.parent
    return folder


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, then what it was raised from or in, and the parts of groups; each once."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, None if one.__suppress_context__ else one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def _shown(disk: Path) -> str:
    return one_line(str(disk), 400)
