"""The API key of a workspace's model server: made once, kept over restarts, and replaced only when its owner says so.

`checkpoints/.server/key` has the key that clients send now, without a line feed. `$GARAGE_API_KEY` wins where the
server finds it: then that key is in the file while the server lives, and the workspace's own waits in `key.kept`.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.write_errors import why_not_written

KEY = "key"
"""Name of the file with the key that clients send."""
KEPT = "key.kept"
"""Name of the file with the workspace's own key, while that of the environment is in use."""
VARIABLE = "GARAGE_API_KEY"
_MAX_KEY = 4096  # bytes


def take_key(folder: Path, given: str = "") -> str:
    """Return the key of a server that starts, and write it into its file: the one from before, or a new one.

    A file that is a link, or that others can read, holds no secret: a new key replaces it.

    Args:
        folder: of the server.
        given: the key of the environment; empty if it has none.

    Raises:
        BadInputError: the key cannot be sent in an HTTP header.
        GarageError: the file cannot be read or written.
    """
    try:
        give_back_key(folder)
        own = _read_own(folder / KEY) or _make()
        if not given.strip():
            _write(folder / KEY, _checked(own, str(folder / KEY), "or make a new one with `garage serve --new-key`"))
            return own
        key = _checked(given.strip(), VARIABLE)
        _write(folder / KEPT, own)
        _write(folder / KEY, key)
        return key
    except OSError as error:
        raise GarageError(f"the key in {folder / KEY} cannot be kept: {why_not_written(error, folder)}") from error


def give_back_key(folder: Path) -> None:
    """Put the workspace's own key back into its file, after a server with a key of the environment.

    Raises:
        OSError: it cannot be renamed.
    """
    if os.path.lexists(folder / KEPT):
        (folder / KEPT).replace(folder / KEY)


def make_new_key(folder: Path) -> bool:
    """Replace the workspace's own key; return False if it has to wait, because that of the environment is in use.

    A server that runs takes the new key with the next request.

    Raises:
        GarageError: it cannot be written.
    """
    if folder.is_symlink():
        raise GarageError(f"{folder} is a link: remove it, so that the server's key stays in this workspace")
    waits = os.path.lexists(folder / KEPT)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        _write(folder / (KEPT if waits else KEY), _make())
    except OSError as error:
        raise GarageError(f"{folder / KEY} cannot be written: {why_not_written(error, folder)}") from error
    return not waits


def read_key(folder: Path) -> str:
    """Return the key that clients send now.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read.
    """
    with open_regular(folder / KEY) as file:
        return file.read(_MAX_KEY).decode().strip()


class CurrentKey:
    """The key that a running server asks for: that of its file, read again when the file has changed.

    Args:
        folder: of the server.
        key: that it started with; a file that is missing or damaged later does not change it.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key
        self._stamp = self._read_stamp()

    def __call__(self) -> str:
        stamp = self._read_stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            key = _read_own(self._folder / KEY)
            self._key = key if key and _is_sendable(key) else self._key
        return self._key

    def _read_stamp(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._folder / KEY)  # noqa: PTH116 (a Path's is slower, and this is asked for each request)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino


def _read_own(file: Path) -> str:
    """Return the key in a file that this user alone can read; empty where it is another file, or none."""
    try:
        found = os.lstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            return ""
        with open_regular(file) as opened:
            key = opened.read(_MAX_KEY).decode().strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return key


def _checked(key: str, where: str, advice: str = "") -> str:
    """Return a key that an HTTP header can hold.

    Raises:
        BadInputError: it cannot.
    """
    if not _is_sendable(key):
        more = f": correct it, {advice}" if advice else ""
        raise BadInputError(f"{where} contains spaces or characters that are not allowed in an HTTP header{more}")
    return key


def _is_sendable(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key


def _make() -> str:
    return secrets.token_urlsafe(32)


def _write(file: Path, key: str) -> None:
    write_atomic(file, key.encode(), mode=0o600)
