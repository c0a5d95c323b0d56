"""Transcripts on disk: each conversation is one JSON file in `datasets/chats/`, written after every turn."""

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
from garage_tui.core.base.errors import BadInputError, GarageError, reason_of
from garage_tui.core.base.format import plural
from garage_tui.core.base.json_text import struct_document
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line, plain, shown
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.chat import sampling_params as sampling
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.documents.retrieval import RetrievedPassage
from garage_tui.core.facts.retrieval import RetrievedFacts
from garage_tui.core.runs.catalog import slug
from garage_tui.core.runs.folder import name_of

CHATS = "chats"
"""Name of the folder in `datasets/`."""
MAX_LISTED = 200
"""Transcripts in a list: the newest."""
_VERSION = 1
_MAX_BYTES = 32_000_000
"""Bytes; larger files are not read."""

Side = Literal["base", "book", "tuned"]
"""Who answers a question: the base model, the base model with the open book, or the tuned model."""


class TranscriptAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of one side; its text is safe to paint."""

    text: str = ""
    foot: str = ""
    """Its statistics, or why it is incomplete."""
    wrong: bool = False
    """True if `foot` is an error."""
    note: str = ""
    """What the owner should know about it."""


class Turn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question and its answers; a side without an entry was not asked."""

    question: str
    answers: dict[Side, TranscriptAnswer] = {}
    found: tuple[RetrievedFacts, ...] = ()
    """The facts that were put into the prompt of the open book."""
    passages: tuple[RetrievedPassage, ...] = ()
    """The passages of documents that were put into it."""


class Transcript(msgspec.Struct, kw_only=True):
    """A conversation as its file has it: models, settings and turns."""

    version: int = _VERSION
    base: str = ""
    """The base model, as `core.models.find` names it."""
    run: str = ""
    """Id of the run whose model is the tuned one, or the lasting name; empty if there was none."""
    system: str = ""
    """The system prompt; empty for none."""
    sampling: SamplingParams = sampling.GREEDY
    turns: list[Turn] = []

    def messages(self, side: Side, prompt: str) -> list[dict[str, str]]:
        """Return the messages of a request to one side: its own conversation so far, then `prompt`.

        Stopped answers are included; questions without an answer are not, and neither are the facts that were found
        for earlier questions.
        """
        messages = [{"role": "system", "content": self.system}] if self.system else []
        for turn in self.turns:
            answer = turn.answers.get(side)
            if answer and answer.text:
                messages.append({"role": "user", "content": turn.question})
                messages.append({"role": "assistant", "content": answer.text})
        return [*messages, {"role": "user", "content": prompt}]

    def has_answers(self, side: Side) -> bool:
        """Return whether a side has answered at least once."""
        return any((answer := turn.answers.get(side)) and answer.text for turn in self.turns)


@dataclass(frozen=True)
class TranscriptSummary:
    """A transcript as an entry of a list."""

    path: Path
    label: str
    """Date, first question, number of questions and run; or what is wrong with the file."""


def save(folder: Path, data: bytes, path: Path | None, first_question: str) -> Path:
    """Write a transcript, atomically, and return its file.

    Args:
        folder: where transcripts are; created if it does not exist.
        data: as `encode` returns it.
        path: its file; None creates one, which is named after the time and the first question.
        first_question: for the name.

    Raises:
        GarageError: it cannot be written; the file is as it was before.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path is not None:
            write_atomic(path, data)
            return path
        path = _reserve_path(folder, first_question)
        try:
            write_atomic(path, data)
        except BaseException:
            path.unlink(missing_ok=True)  # or each try would leave an empty file
            raise
    except OSError as error:
        raise GarageError(f"this chat cannot be saved in {folder}: {why_not_written(error, folder)}") from error
    return path


def _reserve_path(folder: Path, first_question: str) -> Path:
    """Create an empty file whose name nobody uses, another app in the same folder included."""
    stem = "-".join(part for part in (time.strftime("%Y%m%d-%H%M"), slug(first_question)) if part)
    for number in range(1, 1000):
        path = folder / f"{stem if number == 1 else f'{stem}-{number}'}.json"
        with contextlib.suppress(FileExistsError):
            path.touch(exist_ok=False)
            return path
    raise OSError(f"there are a thousand chats named {stem}")


def encode(transcript: Transcript) -> bytes:
    """Return the content of a transcript's file."""
    return struct_document(transcript)


def load(path: Path) -> Transcript:
    """Read a transcript; its texts are safe to paint.

    Raises:
        BadInputError: the file cannot be read, or is not a transcript; the text is one sentence that names the file.
    """
    name = one_line(path.name, 80)
    try:
        transcript = msgspec.json.decode(read_regular(path, _MAX_BYTES), type=Transcript)
        sampling.check(transcript.sampling)
    except OSError as error:
        raise BadInputError(f"{name}: {error.strerror or error}") from error
    except msgspec.ValidationError as error:
        raise BadInputError(f"{name} is not a chat of this app: {reason_of(error, 120)}") from error
    except DAMAGED as error:
        raise BadInputError(f"{name} is damaged: {reason_of(error, 120)}") from error
    except BadInputError as error:
        raise BadInputError(f"{name}: {error}" if not str(error).startswith(name) else str(error)) from error
    if transcript.version > _VERSION:
        raise BadInputError(f"{name} was written by a newer garage_tui (format {transcript.version}); update this one")
    transcript.base, transcript.run = one_line(transcript.base), one_line(transcript.run)
    transcript.system = plain(transcript.system)
    transcript.turns = [_sanitize(turn) for turn in transcript.turns]
    return transcript


def _sanitize(turn: Turn) -> Turn:
    answers = {
        side: TranscriptAnswer(shown(answer.text), one_line(answer.foot, 400), answer.wrong, one_line(answer.note, 400))
        for side, answer in turn.answers.items()
    }
    found = tuple(replace(fact, statement=plain(fact.statement)) for fact in turn.found)
    passages = tuple(
        replace(one, document=plain(one.document), heading=plain(one.heading), text=plain(one.text))
        for one in turn.passages
    )
    return Turn(plain(turn.question), answers, found, passages)


def list_transcripts(folder: Path) -> list[TranscriptSummary]:
    """Return the newest transcripts of a folder, the newest first; the label of a damaged one is the error."""
    return [_summarize(path, stat) for path, stat in _newest_files(folder)]


def _newest_files(folder: Path) -> Iterable[tuple[Path, os.stat_result]]:
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json") and not entry.name.startswith("."):
                with contextlib.suppress(OSError):
                    found.append((Path(entry.path), entry.stat()))
    found = [(path, stat) for path, stat in found if stat.st_size]  # an app that was killed leaves an empty one
    return sorted(found, key=lambda file: file[1].st_mtime_ns, reverse=True)[:MAX_LISTED]


def _summarize(path: Path, stat: os.stat_result) -> TranscriptSummary:
    try:
        transcript = load(path)
    except BadInputError as error:
        return TranscriptSummary(path, f"✗ {error}")
    when = time.strftime("%d %b %H:%M", time.localtime(stat.st_mtime))
    first = one_line(transcript.turns[0].question, 40) if transcript.turns else "no question"
    turns = len(transcript.turns)
    count = plural(turns, "question")
    return TranscriptSummary(path, " · ".join(filter(None, (when, first, count, name_of(transcript.run)))))
