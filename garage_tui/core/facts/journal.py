"""The journal of an open facts file: unsaved changes and half-written text, which survive a kill −9.

One file for each app and facts file, in the user's state folder. It is locked by the app that writes it, so one whose
lock is free was left by a killed app. Its lines are JSON: a header, changes in their order, and the text being written.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from garage_tui.core.base.locked_file import open_locked
from garage_tui.core.base.safe_open import MAX_BYTES, open_regular
from garage_tui.core.facts.editable_rows import Change
from garage_tui.core.facts.line import Line, parse

Field = Literal["question", "answer", "fact", "must", "exam"]
"""What can be written of a row, by its key in the file."""


class UnsavedText(msgspec.Struct, frozen=True):
    """The row that was being written, with the text of the field that was open."""

    text: str
    column: Field
    """The field that was open; its name on disk is older than the other fields."""
    other: str = ""
    """What version 0.1 wrote instead of `fields`: the answer beside a question, or the question beside an answer."""
    raw: bytes = b""
    """The bytes of the row that was edited; empty for a new row."""
    place: int = 0
    """Position of the row among the lines of the file; the name is that of the key on disk."""
    fields: dict[Field, str] = {}
    """The text of every field."""
    extra: dict[str, Any] = {}
    """The other keys of a new row."""


class Leftover(msgspec.Struct, frozen=True):
    """A journal that a killed app left behind."""

    path: Path
    written: float
    """Unix time of its last line."""
    changes: list[Change] = []
    draft: UnsavedText | None = None


class Journal:
    """The journal of one open file. Its methods write the disk: call them in a thread.

    Args:
        folder: where journals are kept.
        path: the facts file.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self._folder, self._path = folder, path
        self._name = f"{_key(path)}-{os.getpid()}-{id(self):x}.jsonl"
        self._fd: int | None = None
        self._draft: UnsavedText | None = None
        self._guard = threading.Lock()  # a change is saved in one thread while a draft is kept in another

    def _open(self) -> int:
        if self._fd is None:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._fd = open_locked(self._folder / self._name)
            self._write({"file": str(self._path.absolute())})
        return self._fd

    def _write(self, *entries: dict[str, Any]) -> None:
        fd = self._open()
        data = "".join(json.dumps({**entry, "t": round(time.time(), 1)}) + "\n" for entry in entries).encode()
        os.write(fd, data)
        os.fsync(fd)

    def note(self, changes: Iterable[Change]) -> None:
        """Append changes, before the file itself is written.

        Raises:
            OSError: they could not be written.
        """
        entries = [
            {"at": change.at, "old": _texts(change.old), "new": _texts(change.new), "what": change.what}
            for change in changes
        ]
        if entries:
            with self._guard:
                self._write(*entries)

    def draft(self, draft: UnsavedText | None) -> None:
        """Record the text that is being written; None once there is none.

        Raises:
            OSError: it could not be written.
        """
        with self._guard:
            self._draft = draft
            if draft is not None or self._fd is not None:
                self._write_draft()

    def _write_draft(self) -> None:
        draft = self._draft
        self._write({"draft": draft and {**msgspec.structs.asdict(draft), "raw": _text(draft.raw)}})

    def clear(self) -> None:
        """Remove the changes, which are in the file now; the text that is being written stays."""
        with self._guard:
            if self._fd is not None:
                os.ftruncate(self._fd, 0)
                self._write({"file": str(self._path.absolute())})
                self._write_draft()

    def close(self, *, keep: bool) -> None:
        """Close the journal; with `keep` its content is offered at the next start, else it is deleted."""
        if self._fd is None:
            return
        if not keep:
            with contextlib.suppress(OSError):
                (self._folder / self._name).unlink()
        os.close(self._fd)
        self._fd = None


@contextlib.contextmanager
def file_lock(folder: Path, path: Path) -> Iterator[None]:
    """Lock a facts file against the other apps of this user, from comparing it to writing it.

    It is held for milliseconds, and others wait for it. If the lock file cannot be made, nothing is locked.
    """
    lock, fd = folder / f"{_key(path.resolve())}.lock", None  # not the file itself, which each write replaces
    try:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = open_locked(lock)
        yield
    finally:
        if fd is not None:
            with contextlib.suppress(OSError):
                lock.unlink()
            os.close(fd)


def find_leftovers(folder: Path, path: Path) -> list[Leftover]:
    """Return the unsaved work that killed apps left of a facts file, the oldest first; empty journals are deleted."""
    found = []
    for file in sorted(folder.glob(f"{_key(path)}-*.jsonl")):
        with contextlib.suppress(OSError), open_regular(file) as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its app lives
            leftover = _read(file, opened.read(MAX_BYTES))
            if leftover.changes or leftover.draft:
                found.append(leftover)
            else:
                file.unlink()
    return sorted(found, key=lambda leftover: leftover.written)


def _read(file: Path, data: bytes) -> Leftover:
    changes: list[Change] = []
    draft: UnsavedText | None = None
    written = 0.0
    for raw in data.split(b"\n"):
        try:
            entry = json.loads(raw)
            written = max(written, float(entry["t"]))
            if "new" in entry:
                old, new = (tuple(parse(_bytes(text)) for text in entry[key]) for key in ("old", "new"))
                changes.append(Change(int(entry["at"]), old, new, str(entry["what"])))
            elif "draft" in entry:
                fields = entry["draft"]
                draft = fields and msgspec.convert({**fields, "raw": _bytes(fields["raw"])}, UnsavedText)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, msgspec.ValidationError):
            continue  # the line that a power cut cut short
    return Leftover(file, written, changes, draft)


def replay(lines: Sequence[Line], changes: Sequence[Change]) -> list[Line]:
    """Return `lines` with the changes of a journal applied, whatever happened to the file meanwhile; no row is lost.

    A change that is already in the file is not made twice; one whose old rows are gone inserts its new rows.
    """
    lines = list(lines)
    for change in changes:
        old, new = [line.raw for line in change.old], [line.raw for line in change.new]

        def at(raws: list[bytes], near: int) -> int | None:
            spots = [near, *range(len(lines))] if raws else []
            return next((s for s in spots if [line.raw for line in lines[s : s + len(raws)]] == raws), None)

        here = [line.raw for line in lines[change.at : change.at + len(new)]]
        if new and here == new and old != new:
            continue
        if old and (position := at(old, change.at)) is not None:
            lines[position : position + len(old)] = change.new
        elif new and at(new, change.at) is None:
            position = min(change.at, len(lines))
            known = {line.raw for line in lines}
            lines[position:position] = [line for line in change.new if line.raw not in known or not old]
    return lines


def _key(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16]


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _bytes(text: str) -> bytes:
    return str.encode(text, errors="surrogateescape")  # a TypeError for what is no text, as all that is damaged


def _texts(lines: Iterable[Line]) -> list[str]:
    return [_text(line.raw) for line in lines]
