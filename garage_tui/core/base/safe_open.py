"""Opening of untrusted files in such a way that none can block this process or fill its memory.

Opening a pipe for reading waits for a writer, opening a device may have an effect, and /dev/zero has no end. So only
regular files are read, and only up to a limit.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader, FileIO
from pathlib import Path

MAX_BYTES = 64_000_000
"""Most bytes of a file that is read as a whole: states, manifests, report cards and configurations have kilobytes."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class IrregularFileError(OSError):
    """The file is not a regular file, or is too large; the text says which."""

    def __str__(self) -> str:
        return str(self.strerror)


def check_regular(path: Path) -> os.stat_result:
    """Return the stat(2) result of a regular file, before something else opens it.

    Raises:
        IrregularFileError: it is a pipe, a device, a folder …
        OSError: it does not exist.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 (Path.stat is slower, and this is asked for each file)
    except ValueError:  # a NUL in its name
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from None
    return _regular(found, path)


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file, or a link to one, for reading bytes. Raises as `check_regular`."""
    check_regular(path)  # before it is opened: opening a device may have an effect
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _regular(os.fstat(fd), path)  # it may have been replaced by a pipe meanwhile
    except BaseException:
        os.close(fd)
        raise
    return BufferedReader(FileIO(fd))


def read_regular(path: Path, most: int = MAX_BYTES) -> bytes:
    """Return the bytes of a regular file.

    Args:
        most: bytes; a larger file is not read.

    Raises:
        IrregularFileError: it is not a regular file, or larger than `most`.
        OSError: it does not exist, or cannot be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise IrregularFileError(errno.EFBIG, f"it is larger than {most / 1e6:,.0f} MB", str(path))
        # No more than its size: the files of /proc have size 0, and reading some of them blocks.
        return file.read(size) or b""


def log_file(path: Path, *, fresh: bool = False, mode: int = 0o644) -> FileIO:
    """Open a log to append to, creating it if needed; never through a link, which may lead anywhere.

    Args:
        fresh: truncate it.
        mode: the permissions of a new file.

    Raises:
        IrregularFileError: it is something else: a pipe, a device …
        OSError: it cannot be written; ELOOP if it is a link.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, mode)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a pipe without a reader, or a socket
            _regular(os.lstat(path), path)
        raise
    try:
        _regular(os.fstat(fd), path)
        os.set_blocking(fd, True)
        if fresh:
            os.ftruncate(fd, 0)
        return FileIO(fd, "ab")
    except BaseException:
        os.close(fd)
        raise


def _regular(found: os.stat_result, path: Path) -> os.stat_result:
    if stat.S_ISREG(found.st_mode):
        return found
    kind = next((name for is_kind, name in _KINDS if is_kind(found.st_mode)), "something else")
    raise IrregularFileError(errno.EINVAL, f"it is not a file but {kind}", str(path))
