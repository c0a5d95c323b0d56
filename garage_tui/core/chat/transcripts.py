"""Chats on disk: one JSON file each in `datasets/chats/`, written after every answered turn."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line, plain, shown
from garage_tui.core.chat import sampling_params as sampling
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.facts.retrieval import RetrievedFacts
from garage_tui.core.runs.catalog import slug
from garage_tui.core.runs.record import name_of

CHATS = "chats"
"""Folder in `datasets/`."""
MAX_LISTED = 200
_VERSION = 1
_MOST_BYTES = 32_000_000
"""Bytes of a file that is read: a chat of a lifetime is smaller."""

Side = Literal["base", "book", "tuned"]
"""Who answers: the base model, the base with the open book, the tuned model."""


class TranscriptAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one side said; clean text."""

    text: str = ""
    foot: str = ""
    """How quick it was, or why there is no more of it."""
    wrong: bool = False
    """True where `foot` says what went wrong."""
    note: str = ""
    """What the owner should know about it."""


class Turn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question and its answers; a side that is not there was not asked."""

    question: str
    answers: dict[Side, TranscriptAnswer] = {}
    found: tuple[RetrievedFacts, ...] = ()
    """The facts that the open book had for it."""


class Transcript(msgspec.Struct, kw_only=True):
    """One conversation, as it is in its file."""

    version: int = _VERSION
    base: str = ""
    """The base model, as `core.models.find` names it."""
    run: str = ""
    """Id of the run whose model is the tuned one; empty where there was none."""
    system: str = ""
    """The system prompt; empty for none."""
    sampling: SamplingParams = sampling.GREEDY
    turns: list[Turn] = []

    def messages(self, side: Side, asked: str) -> list[dict[str, str]]:
        """Return what a side is asked: what it was asked and said before, and the new question.

        Half an answer belongs to the conversation too; a question without one would confuse the next. The facts that
        were found for earlier questions are not told again.
        """
        said = [{"role": "system", "content": self.system}] if self.system else []
        for turn in self.turns:
            answer = turn.answers.get(side)
            if answer and answer.text:
                said.append({"role": "user", "content": turn.question})
                said.append({"role": "assistant", "content": answer.text})
        return [*said, {"role": "user", "content": asked}]

    def has_answers(self, side: Side) -> bool:
        """Return whether a side has said anything."""
        return any((answer := turn.answers.get(side)) and answer.text for turn in self.turns)


@dataclass(frozen=True)
class TranscriptSummary:
    """A transcript as a list shows it."""

    path: Path
    label: str
    """The first question, how many there are, which run, when; or what is wrong with the file."""


def save(folder: Path, data: bytes, path: Path | None, first: str) -> Path:
    """Write a transcript, atomically, and return its file.

    Args:
        folder: where transcripts are; made when first needed.
        data: as `encode` returns it.
        path: the file it has already; None makes one, which is named after the time and the first question.
        first: the first question.

    Raises:
        GarageError: it cannot be written; what was there is as it was.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = path or _new(folder, first)
        write_atomic(path, data)
    except OSError as error:
        raise GarageError(f"this chat cannot be kept in {folder}: {error.strerror or error}") from error
    return path


def _new(folder: Path, first: str) -> Path:
    """Take a name that nobody has, another app in the same folder included."""
    stem = "-".join(part for part in (time.strftime("%Y%m%d-%H%M"), slug(first)) if part)
    for number in range(1, 1000):
        path = folder / f"{stem if number == 1 else f'{stem}-{number}'}.json"
        with contextlib.suppress(FileExistsError):
            path.touch(exist_ok=False)
            return path
    raise OSError(f"a thousand chats named {stem} in this minute")


def encode(transcript: Transcript) -> bytes:
    """Return the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(transcript), indent=1) + b"\n"


def load(path: Path) -> Transcript:
    """Read a transcript; its texts are clean.

    Raises:
        BadInputError: it cannot be read, or is none; the text is one sentence that names the file.
    """
    name = one_line(path.name, 80)
    try:
        found = msgspec.json.decode(read_regular(path, _MOST_BYTES), type=Transcript)
        sampling.check(found.sampling)
    except OSError as error:
        raise BadInputError(f"{name}: {error.strerror or error}") from error
    except msgspec.ValidationError as error:
        raise BadInputError(f"{name} is no chat of this app: {one_line(str(error), 120)}") from error
    except DAMAGED as error:
        raise BadInputError(f"{name} is damaged: {one_line(str(error), 120)}") from error
    except BadInputError as error:
        raise BadInputError(f"{name}: {error}" if not str(error).startswith(name) else str(error)) from error
    if found.version > _VERSION:
        raise BadInputError(f"{name} was written by a newer garage_tui (format {found.version}); update this one")
    found.base, found.run, found.system = one_line(found.base), one_line(found.run), plain(found.system)
    found.turns = [_clean(turn) for turn in found.turns]
    return found


def _clean(turn: Turn) -> Turn:
    answers = {
        side: TranscriptAnswer(shown(answer.text), one_line(answer.foot, 400), answer.wrong, one_line(answer.note, 400))
        for side, answer in turn.answers.items()
    }
    return Turn(
        plain(turn.question), answers, tuple(replace(one, statement=plain(one.statement)) for one in turn.found)
    )


def list_transcripts(folder: Path) -> list[TranscriptSummary]:
    """Return the newest transcripts of a folder, the newest first; a damaged one says what is wrong with it."""
    return [_listed(path, stat) for path, stat in _newest(folder)]


def _newest(folder: Path) -> Iterable[tuple[Path, os.stat_result]]:
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json") and not entry.name.startswith("."):
                with contextlib.suppress(OSError):
                    found.append((Path(entry.path), entry.stat()))
    found = [one for one in found if one[1].st_size]  # an empty one: somebody was killed before its first words
    return sorted(found, key=lambda one: one[1].st_mtime_ns, reverse=True)[:MAX_LISTED]


def _listed(path: Path, stat: os.stat_result) -> TranscriptSummary:
    try:
        chat = load(path)
    except BadInputError as error:
        return TranscriptSummary(path, f"✗ {error}")
    when = time.strftime("%d %b %H:%M", time.localtime(stat.st_mtime))
    first = one_line(chat.turns[0].question, 40) if chat.turns else "nothing was asked"
    count = f"{len(chat.turns)} question{'' if len(chat.turns) == 1 else 's'}"
    return TranscriptSummary(path, " · ".join(filter(None, (when, first, count, name_of(chat.run)))))
