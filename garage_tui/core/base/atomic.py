"""Atomic writes: a reader or a crash never sees a half-written file."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path


def write_atomic(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Replace `path` by `data`: temporary file beside it, fsync, rename, fsync of the folder.

    Args:
        mode: the permissions; by default those of the file that is there, else those of any new file of this user.

    Raises:
        OSError: the disk is full or the folder cannot be written; `path` is then unchanged.
    """
    if mode is None:
        mode = _mode_of(path)
    part = path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
    # Of a new file the system takes the user's umask off, which a process with threads cannot read without setting it.
    # Any other is its owner's alone until it has the mode that it is to have.
    fd = os.open(
        part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666 if mode is None else 0o600
    )
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    sync_folder(path.parent)


def _mode_of(path: Path) -> int | None:
    """Return the permissions of a file, also of the one behind a link; None without one."""
    try:
        found = os.stat(path)  # noqa: PTH116 (of the file behind a link)
    except OSError:
        return None
    return stat.S_IMODE(found.st_mode) & 0o777 if stat.S_ISREG(found.st_mode) else None


def sync_tree(folder: Path) -> None:
    """Wait until a file, or a folder with all files and folders in it, is on the disk; links and pipes are passed over.

    What another program has written, or a library, is in memory alone for half a minute: after a power cut the names
    may be there, and the files empty.

    Raises:
        OSError: a file cannot be opened, the disk is full, or it fails.
    """
    if not folder.is_dir():
        _sync_file(folder)
        return
    for parent, _, names in os.walk(folder, topdown=False, onerror=_raise):
        for name in names:
            _sync_file(Path(parent, name))
        sync_folder(Path(parent))


def _sync_file(path: Path) -> None:
    if not stat.S_ISREG(path.lstat().st_mode):
        return
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _raise(error: OSError) -> None:
    raise error


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk.

    Raises:
        OSError: the folder cannot be opened, or the disk fails.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_small(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Replace a small file as `write_atomic` does; on a full disk overwrite its old blocks instead.

    A state of a few hundred bytes, padded by its writer to a fixed size, fits the block that the old one has, so that
    "failed: the disk is full" can still be recorded. `data` must be no longer than what is there for that to work.

    Args:
        mode: as for `write_atomic`.

    Raises:
        OSError: neither way worked.
    """
    try:
        write_atomic(path, data, mode=mode)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not path.exists():
            raise
        with path.open("r+b") as file:
            file.write(data)
            file.truncate()
