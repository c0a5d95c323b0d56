"""How far a pass over a document is, on disk: `garage read --propose` writes it, and the app shows it.

A pass is at work if and only if its lock is held, so one that was killed never looks alive.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.locked_file import held_alone
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.proposals.proposal_file import SUFFIX, proposals_path

PASS_SUFFIX = ".pass.json"
_EVERY = 0.3
"""Seconds between two writes of the progress."""
PassPhase = Literal["reading", "proposing", "done", "stopped", "failed"]


class PassProgress(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a pass over one document is."""

    document: str
    """Its name as the owner gave it."""
    phase: PassPhase = "reading"
    pid: int = 0
    """The process; it counts only while the lock is held."""
    page: int = 0
    """Of `reading`: the page that is read; else that of the last passage that was offered."""
    pages: int = 0
    done: int = 0
    total: int = 0
    """Passages that were offered to the writer, of how many."""
    facts: int = 0
    """Facts that this pass has proposed."""
    writer: str = ""
    reason: str = ""
    """Of `failed`: why, in one line."""
    when: float = 0.0
    """When this was written, in seconds since 1970."""


class PassRecorder:
    """Writes the progress of one pass, a few times a second at most. A full disk does not stop the pass."""

    def __init__(self, path: Path, document: str) -> None:
        self._path, self._written = path, 0.0
        self.progress = PassProgress(document, pid=os.getpid())

    def read_page(self, page: int, pages: int) -> None:
        """Record which page is read."""
        self._change(page=page, pages=pages)

    def begin(self, writer: str, pages: int) -> None:
        """Record that the document was read and is offered to a writer."""
        self._change(phase="proposing", writer=writer, page=0, pages=pages, now=True)

    def offered(self, page: int, done: int, total: int, facts: int) -> None:
        """Record that a passage was offered."""
        self._change(page=page, done=done, total=total, facts=facts)

    def end(self, phase: PassPhase, reason: str = "") -> None:
        """Record how the pass ended."""
        self._change(phase=phase, reason=one_line(reason, 400), now=True)

    def _change(self, now: bool = False, **values: object) -> None:
        self.progress = msgspec.structs.replace(self.progress, when=time.time(), **values)
        if now or time.monotonic() - self._written > _EVERY:
            self._written = time.monotonic()
            with contextlib.suppress(OSError):
                write_atomic(self._path, struct_json(self.progress))


def pass_path(workspace: Workspace, name: str) -> Path:
    """Return the file for the progress of a document's pass; it is beside the document's proposals."""
    path = proposals_path(workspace, name)
    return path.with_name(path.name.removesuffix(SUFFIX) + PASS_SUFFIX)


@contextlib.contextmanager
def recorded_pass(workspace: Workspace, name: str) -> Iterator[PassRecorder]:
    """Hold the lock of a document's pass, and record how it ends.

    Raises:
        GarageError: another pass over the document is at work, or the lock cannot be made.
    """
    path = pass_path(workspace, name)
    with held_alone(_lock(path), "facts are being proposed from this document already: wait for that, or stop it"):
        recorder = PassRecorder(path, name)
        recorder.read_page(0, 0)
        try:
            yield recorder
        except KeyboardInterrupt:
            recorder.end("stopped")
            raise
        except Exception as error:
            recorder.end("failed", str(error))
            raise
        recorder.end("done")


def read_progress(path: Path) -> PassProgress | None:
    """Return how far a pass is, or how the last one ended; None where nothing is known. A pass whose lock nobody holds
    and that did not say how it ended was cut off: it counts as stopped."""
    try:
        found = msgspec.json.decode(read_regular(path), type=PassProgress)
    except (OSError, *DAMAGED):
        return None
    if found.phase in ("reading", "proposing") and not is_proposing(path):
        return msgspec.structs.replace(found, phase="stopped")
    return found


def is_proposing(path: Path) -> bool:
    """Return whether a pass is at work.

    Args:
        path: of its progress.
    """
    try:
        fd = os.open(_lock(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)


def stop_pass(path: Path) -> bool:
    """Ask a pass to stop; what it has proposed is kept. Return False where none is at work.

    Args:
        path: of its progress.
    """
    found = read_progress(path)
    if found is None or found.phase not in ("reading", "proposing") or found.pid <= 1:
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(found.pid, signal.SIGTERM)
        return True
    return False


def _lock(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
