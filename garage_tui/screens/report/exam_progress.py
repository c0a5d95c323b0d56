"""A run's report card and its exam, as snapshots; file access and waiting happen in threads."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.documents.row_origin import RowOrigin, read_origin
from garage_tui.core.exam.report import ExamQuestion, Report
from garage_tui.core.exam.report_text import read_clean
from garage_tui.core.facts.file import load_facts
from garage_tui.core.language.fold import fold
from garage_tui.core.launch import exam_process as examine
from garage_tui.core.launch.exam_process import ExamProcess
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.runs.record import Run, read_run

_BUSY, _IDLE = 0.25, 1.0
"""Seconds between two polls while an exam is in progress, and while none is."""

Stamp = tuple[int, int] | None


@dataclass(frozen=True)
class ExamSnapshot:
    """The report card and the exam of a run at one moment."""

    card: Report | None = None
    stamp: Stamp = None
    """Modification time and inode of the card; another card has another one."""
    refusal: str = ""
    """Why the run cannot be examined now."""
    exam: ExamProcess | None = None
    """The exam in progress; None where there is none."""
    recipe: dict[str, object] = field(default_factory=dict)
    """The recipe of the run; empty where its record cannot be read."""
    facts_path: str = ""
    """The facts file that the run taught."""
    origins: Mapping[str, RowOrigin] = field(default_factory=dict)
    """By the folded text of a fact, where in a document it came from."""
    error: str = ""
    """What just went wrong with the card or with an exam that has ended; reported once."""

    def origin_of(self, question: ExamQuestion) -> RowOrigin | None:
        """Return where in a document the fact of a question came from; None for any other question."""
        return self.origins.get(fold(question.fact or question.expected))


class ExamWatch:
    """Polls the report card and the exam of one run, and starts exams; for use on the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = asyncio.Lock()
        self._last: ExamSnapshot | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._awaited = False  # whether the end of an exam is still to be reported
        self._before: Stamp = None  # the card at the start of the exam

    async def wait(self) -> None:
        """Sleep until the next poll is due."""
        await asyncio.sleep(_BUSY if self._awaited else _IDLE)

    async def snapshot(self) -> ExamSnapshot:
        """Return the card and the exam as they are now."""
        async with self._lock:
            last = self._last or ExamSnapshot()
            # The exam first: one that has ended has left its card.
            exam = await asyncio.to_thread(examine.read_exam, self._folder)
            card, stamp, error = await asyncio.to_thread(_read, self._folder, last)
            run, refusal = await asyncio.to_thread(_read_run, self._folder)
            manifest = run.manifest
            recipe, path = (manifest.recipe, str(manifest.dataset.get("path", ""))) if manifest else ({}, "")
            if exam and exam.running:
                if not self._awaited:
                    self._awaited, self._before = True, last.stamp
            elif self._awaited or (exam and stamp is None and self._last is None):
                # Or one that ended without a card while nobody polled.
                self._awaited = False
                code = await asyncio.to_thread(self._process.wait) if self._process else None
                self._process = None
                if stamp == self._before:
                    error = examine.failure_reason(exam, code)
            running = exam if exam and exam.running else None
            origins = last.origins if stamp == last.stamp else await asyncio.to_thread(_read_origins, self._folder)
            self._last = ExamSnapshot(card, stamp, refusal, running, recipe, path, origins, error)
            return self._last

    async def start(self) -> None:
        """Start an exam in a process that continues without the app; does nothing while one is in progress.

        Raises:
            GarageError: it cannot be examined.
        """
        async with self._lock:  # a poll from before the start must not count as the end
            before = self._last.stamp if self._last else None
            process = await asyncio.to_thread(lambda: examine.start(read_run(self._folder)))
            self._process = process or self._process
            self._awaited, self._before = True, before


def _read_origins(folder: Path) -> dict[str, RowOrigin]:
    """Return where the facts that a run taught came from, by their folded text; nothing if its copy is unreadable."""
    try:
        rows = load_facts(folder / FACTS).facts
    except BadInputError:
        return {}
    found = ((fold(row.content), read_origin(row.extra)) for row in rows)
    return {content: origin for content, origin in found if origin}


def _read_run(folder: Path) -> tuple[Run, str]:
    """Return the run, and why it cannot be examined now; empty if it can."""
    run = read_run(folder)
    return run, examine.refusal(run)


def _read(folder: Path, last: ExamSnapshot) -> tuple[Report | None, Stamp, str]:
    """Return the card, its stamp and what is wrong with it; an unchanged card is not read again."""
    stamp = examine.report_stamp(folder)
    if stamp == last.stamp:
        return last.card, stamp, ""
    try:
        return (read_clean(folder), stamp, "") if stamp else (None, None, "")
    except FileNotFoundError:
        return None, None, ""
    except BadInputError as error:
        return None, stamp, plain(str(error))
