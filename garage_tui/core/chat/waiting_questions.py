"""The questions that wait for their turn in the chat, in memory and on disk: neither leaving nor a crash loses one.

Each app has a file of its own in `datasets/chats/`, locked while the app lives; the next app takes over those whose
lock is free. Each line of it is the whole list as JSON, and the last complete one counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from pathlib import Path

import msgspec

from garage_tui.core.base.locked_file import open_locked
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import plain

_PREFIX = ".waiting-"
"""Begins the file's name; the dot keeps it out of the list of chats."""
_MAX_BYTES = 8_000_000
_REWRITE_BYTES = 1_000_000
"""A file that is longer is begun anew."""


class WaitingQuestions:
    """Questions in the order in which they are asked.

    Args:
        folder: where the file is kept; created with the first question.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / f"{_PREFIX}{os.getpid()}-{id(self):x}.jsonl"
        self._fd: int | None = None
        self._guard = threading.Lock()
        self._questions: list[str] = []

    @property
    def questions(self) -> list[str]:
        """All of them, the next one first."""
        return list(self._questions)

    def __len__(self) -> int:
        return len(self._questions)

    def add(self, question: str) -> None:
        """Let a question wait behind the others; `save` keeps it."""
        self._questions.append(question)

    def take_next(self) -> str:
        """Remove the first question, and return it."""
        return self._questions.pop(0)

    def take_back(self) -> str:
        """Remove the last question, and return it."""
        return self._questions.pop()

    def load(self) -> None:
        """Take over the questions of apps that have ended, before those of this one. Blocks: call it in a thread."""
        found: list[str] = []
        for file in sorted(self._folder.glob(f"{_PREFIX}*.jsonl")):
            with contextlib.suppress(OSError), open_regular(file) as opened:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its app lives
                if file.exists():
                    questions = _read(opened.read(_MAX_BYTES))
                    self._questions[len(found) : len(found)] = questions
                    found += questions
                    self.save()  # before theirs is deleted
                    file.unlink()

    def save(self) -> None:
        """Write the questions to disk. Blocks for milliseconds.

        Raises:
            OSError: they cannot be written; the file has those from before.
        """
        with self._guard:
            if not self._questions:
                self._remove()
                return
            if self._fd is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._fd = open_locked(self.path)
            line = msgspec.json.encode(self._questions) + b"\n"
            is_long = os.fstat(self._fd).st_size > _REWRITE_BYTES
            if is_long:
                os.ftruncate(self._fd, 0)
            os.write(self._fd, line)
            os.fsync(self._fd)

    def close(self) -> None:
        """Keep what still waits for the next start; the file is free from now on. Blocks for milliseconds."""
        with contextlib.suppress(OSError):
            self.save()
        with self._guard:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None

    def _remove(self) -> None:
        if self._fd is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            os.close(self._fd)
            self._fd = None


def _read(data: bytes) -> list[str]:
    for line in reversed(data.split(b"\n")):
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            questions = (plain(question).strip() for question in msgspec.json.decode(line, type=list[str]))
            return [question for question in questions if question]
    return []
