"""Files that are only appended to, line by line: a power cut may tear the last line, and nothing else."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from garage_tui.core.base.atomic import sync_folder
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import check_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import why_not_written


def append_line(fd: int, line: bytes, is_whole: Callable[[bytes], bool]) -> None:
    """Append a line to a file, and wait until it is on the disk; a torn last line is removed first.

    Args:
        fd: descriptor of the file, open for reading and writing.
        line: without its line feed.
        is_whole: whether a last line without a line feed is none that was torn: somebody wrote it by hand.

    Raises:
        OSError: it cannot be written; the file is then as it was before, without the torn line.
    """
    size = os.fstat(fd).st_size
    data = os.pread(fd, size, 0)
    end = data.rfind(b"\n") + 1
    rest = line + b"\n"
    if data[end:].strip() and is_whole(data[end:]):
        end, rest = size, b"\n" + rest
    try:
        if end < size:
            os.ftruncate(fd, end)
        os.lseek(fd, end, os.SEEK_SET)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.fsync(fd)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(fd, end)
        raise


def append_to_file(file: Path, line: bytes, is_whole: Callable[[bytes], bool]) -> None:
    """Append a line, or several with line feeds between them, to a file; it is made if need be, with its folder.

    Args:
        line, is_whole: as in `append_line`.

    Raises:
        GarageError: it cannot be written; the file is then as it was before.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        is_new = not os.path.lexists(file)
        if not is_new:
            check_regular(file)  # opening a pipe or a device may block, or have an effect
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            append_line(fd, line, is_whole)
        finally:
            os.close(fd)
        if is_new:
            sync_folder(file.parent)
    except OSError as error:
        raise GarageError(f"{one_line(str(file), 300)} cannot be written: {why_not_written(error, file)}") from error
