"""Files that are only appended to, line by line: a power cut may tear the last line, and nothing else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable


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
