"""The file that the user names for an output. What is there already is replaced only with the user's consent.

A regular file appears completely or not at all, and a new one never takes the place of a file that appeared meanwhile.
Devices and pipes are written to, as a shell would do it. A link stays a link: with consent, what it points to is
replaced. Files that the program names itself are written with `core/base/atomic.py`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from garage_tui.core.base.atomic import sync_folder
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import why_not_written

STDOUT = "-"
"""What stands for the standard output on the command line, like `/dev/stdout`."""
_OWN_DESCRIPTOR = re.compile(r"(?:/dev/fd|/proc/self/fd|/proc/thread-self/fd)/(\d+)")
_NAMED_DESCRIPTORS = {"/dev/stdout": 1, "/dev/stderr": 2}
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES)
"""What link(2) fails with on file systems without hard links: FAT, some that are mounted over a network."""


@dataclass(frozen=True)
class OutputFile:
    """What is where an output is to go."""

    path: Path
    """As the user named it."""
    target: Path
    """The same, with links followed."""
    replaces: str = ""
    """A clause that says what would be replaced: `x.png already exists`; empty where nothing would be."""
    consent: str = "replaces it"
    """What happens with the user's consent; of a link `writes there`."""
    is_stream: bool = False
    """It is a device or a pipe, which is written to and never replaced."""
    descriptor: int | None = None
    """The open file of this process that it stands for, like the standard output; None where it is another file."""

    parents: bool = False
    """Missing folders are made."""

    @property
    def is_stdout(self) -> bool:
        return self.descriptor == 1

    @property
    def is_terminal(self) -> bool:
        """True for a terminal, on which a picture or a model would be noise."""
        if self.descriptor is not None:
            return os.isatty(self.descriptor)
        if not self.is_stream:
            return False
        try:
            fd = os.open(self.target, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return os.isatty(fd)
        finally:
            os.close(fd)

    def require(self, force: bool, option: str = "--force") -> None:
        """Check that nothing is replaced without consent.

        Raises:
            BadInputError: something would be replaced.
        """
        if self.replaces and not force:
            raise BadInputError(f"{self.replaces}: {option} {self.consent}, or name another file")

    def write(self, data: bytes | Callable[[BinaryIO], object], *, force: bool = False, wait: bool = True) -> None:
        """Write the output.

        Args:
            data: the bytes; or a function that writes them to a file.
            force: the user agreed to replace what is there.
            wait: wait until somebody reads a pipe; False raises where nobody does.

        Raises:
            BadInputError: something would be replaced without consent.
            GarageError: it cannot be written; the text says why. What was there is unchanged.
            BrokenPipeError: the reader of the standard output left.
        """
        fill = data if callable(data) else lambda file: file.write(data)
        try:
            if self.is_stream or self.descriptor is not None:
                self._write_to_stream(fill, wait)
            else:
                self._write_file(fill, force)
        except OSError as error:
            if isinstance(error, BrokenPipeError) and self.descriptor is not None:
                raise  # a command ends without a message when the reader of its standard output leaves
            shown = one_line(str(self.path), 1000)
            raise GarageError(f"{shown} cannot be written: {why_not_written(error, self.target)}") from error

    def _write_to_stream(self, fill: Callable[[BinaryIO], object], wait: bool) -> None:
        if self.is_stdout and sys.stdout:
            sys.stdout.flush()  # what was printed before comes before
            fill(sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        if self.descriptor is not None:
            fd = os.dup(self.descriptor)
        else:
            flags = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC | (0 if wait else os.O_NONBLOCK)
            try:
                fd = os.open(self.target, flags)
            except OSError as error:
                if error.errno == errno.ENXIO and stat.S_ISFIFO(os.stat(self.target).st_mode):  # noqa: PTH116
                    raise OSError(errno.ENXIO, "nobody reads this pipe") from None
                raise
            os.set_blocking(fd, True)
        with open(fd, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            fill(file)

    def _write_file(self, fill: Callable[[BinaryIO], object], force: bool) -> None:
        """Write a file beside the target, then let it take the target's name."""
        now = output_file(
            self.path, parents=self.parents
        )  # what is there may be another file than when the user was asked
        now.require(force)
        target = now.target
        if self.parents:
            target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name[:100]}.{os.urandom(4).hex()}.part")
        # 0o666 less the user's umask, as for any new file.
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            with open(fd, "wb") as file:  # noqa: PTH123
                fill(file)
                file.flush()
                with contextlib.suppress(FileNotFoundError):
                    _keep_owner_and_mode(fd, os.stat(target))  # noqa: PTH116
                os.fsync(fd)
            if force:
                part.replace(target)
            else:
                _rename_to_new(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        with contextlib.suppress(OSError):
            sync_folder(target.parent)


def output_argument(text: str, *, parents: bool = False) -> OutputFile:
    """Return what is where an output named on the command line is to go; `-` is the standard output.

    Args:
        parents: as in `output_file`.

    Raises:
        BadInputError: as `output_file`; or the name is empty or ends with a slash.
    """
    if text == STDOUT:
        return OutputFile(Path("/dev/stdout"), Path("/dev/stdout"), descriptor=1)
    if not text.strip():
        raise BadInputError("the name of the output file is empty")
    if text.endswith("/"):
        raise BadInputError(f"{one_line(text, 1000)} is the name of a folder: name a file in it")
    return output_file(expand_home(text).absolute(), parents=parents)


def output_file(path: Path, *, parents: bool = False) -> OutputFile:
    """Return what is at a path that an output is to go to.

    Args:
        parents: folders that do not exist are made when it is written.

    Raises:
        BadInputError: it is a folder, a socket or a disk, or its folder does not exist or cannot be read.
    """
    shown = one_line(str(path), 1000)
    try:
        if (descriptor := _own_descriptor(path)) is not None:
            os.fstat(descriptor)
            return OutputFile(path, path, descriptor=descriptor)
        target = Path(os.path.realpath(path))
        try:
            mode: int | None = os.stat(target).st_mode  # noqa: PTH116 (Path.stat hides nothing more)
        except FileNotFoundError:
            mode = None
            if not parents and not target.parent.is_dir():
                link = f" is a link to {one_line(str(target), 1000)}" if path.is_symlink() else ""
                raise BadInputError(f"{shown}{link}: its folder does not exist") from None
        is_link = path.is_symlink()
    except OSError as error:
        raise BadInputError(f"{shown} cannot be written: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise BadInputError(f"{shown}: no file can have this name") from error
    if mode is not None and stat.S_ISDIR(mode):
        raise BadInputError(f"{shown} is a folder: name a file in it")
    if mode is not None and stat.S_ISSOCK(mode):
        raise BadInputError(f"{shown} is a socket: name a file")
    if mode is not None and stat.S_ISBLK(mode):
        raise BadInputError(f"{shown} is a disk: name a file")
    if mode is not None and not stat.S_ISREG(mode):
        return OutputFile(path, target, is_stream=True)
    if is_link:
        there = "" if mode is not None else ", which does not exist"
        return OutputFile(
            path, target, f"{shown} is a link to {one_line(str(target), 1000)}{there}", "writes there", parents=parents
        )
    return OutputFile(path, target, "" if mode is None else f"{shown} already exists", parents=parents)


def _own_descriptor(path: Path) -> int | None:
    """Return the number of the open file that a path or a link stands for, if it is one of this process.

    To open such a path again would begin at the start of a file that the shell appends to.
    """
    for _ in range(40):  # as many links as Linux follows
        text = os.path.normpath(path)
        if text in _NAMED_DESCRIPTORS:
            return _NAMED_DESCRIPTORS[text]
        if found := _OWN_DESCRIPTOR.fullmatch(text):
            return int(found[1])
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _keep_owner_and_mode(fd: int, before: os.stat_result) -> None:
    """Give a file the owner and the mode of the one that it replaces, as far as this user may."""
    made = os.fstat(fd)
    if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        with contextlib.suppress(OSError):
            os.fchown(fd, before.st_uid, before.st_gid)
    with contextlib.suppress(OSError):
        os.fchmod(fd, stat.S_IMODE(before.st_mode))


def _rename_to_new(part: Path, target: Path) -> None:
    """Give a finished file its name, unless another file has it by now."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise BadInputError(
            f"{one_line(str(target), 1000)} appeared meanwhile: it is kept, and nothing was written"
        ) from None
    except OSError as error:
        if error.errno not in _NO_LINKS or os.path.lexists(target):
            raise
        part.rename(target)
    else:
        part.unlink()
