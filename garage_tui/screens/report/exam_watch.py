"""Looks at a run's report card and at its exam, and starts one: what is slow or waits happens in threads."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.exam.report import Report
from garage_tui.core.exam.report_text import read_clean
from garage_tui.core.launch import exam as examine
from garage_tui.core.launch.exam import ExamProcess
from garage_tui.core.runs.record import read_run

_BUSY, _IDLE = 0.25, 1.0
"""Seconds between two looks while an exam goes on, and while none does."""

Stamp = tuple[int, int] | None


@dataclass(frozen=True)
class ExamSnapshot:
    """What was found."""

    card: Report | None = None
    stamp: Stamp = None
    """Tells this card from another one."""
    refusal: str = ""
    """Why the run cannot be examined now."""
    exam: ExamProcess | None = None
    """The exam that goes on; None where none does."""
    wrong: str = ""
    """What just went wrong: with the card, or with an exam that has ended. Told once."""


class ExamWatch:
    """The eyes on one run; to be used on the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looking = asyncio.Lock()
        self._last: ExamSnapshot | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._awaited = False  # the end of an exam, which is told once
        self._before: Stamp = None  # the card that was there when it began

    async def wait(self) -> None:
        """Sleep until the next look is due."""
        await asyncio.sleep(_BUSY if self._awaited else _IDLE)

    async def look(self) -> ExamSnapshot:
        """Look once."""
        async with self._looking:
            last = self._last or ExamSnapshot()
            exam = await asyncio.to_thread(examine.read_exam, self._folder)  # before the card: at its end that is there
            card, stamp, wrong = await asyncio.to_thread(_read, self._folder, last)
            refusal = await asyncio.to_thread(lambda: examine.refusal(read_run(self._folder)))
            if exam and exam.running:
                if not self._awaited:
                    self._awaited, self._before = True, last.stamp
            elif self._awaited or (exam and stamp is None and self._last is None):
                # Or one that ended without a card while nobody looked.
                self._awaited = False
                code = await asyncio.to_thread(self._process.wait) if self._process else None
                self._process = None
                if stamp == self._before:
                    wrong = examine.failure_reason(exam, code)
            self._last = ExamSnapshot(card, stamp, refusal, exam if exam and exam.running else None, wrong)
            return self._last

    async def start(self) -> None:
        """Have the run examined by a process that goes on without the app; nothing happens where one does already.

        Raises:
            GarageError: it cannot be examined.
        """
        async with self._looking:  # a look from before the start must not be taken for the end
            before = self._last.stamp if self._last else None
            process = await asyncio.to_thread(lambda: examine.start(read_run(self._folder)))
            self._process = process or self._process
            self._awaited, self._before = True, before


def _read(folder: Path, last: ExamSnapshot) -> tuple[Report | None, Stamp, str]:
    """Return the card, its stamp and what is wrong with it; it is read where it is not the last one."""
    stamp = examine.report_stamp(folder)
    if stamp == last.stamp:
        return last.card, stamp, ""
    try:
        return (read_clean(folder), stamp, "") if stamp else (None, None, "")
    except FileNotFoundError:
        return None, None, ""
    except BadInputError as error:
        return None, stamp, plain(str(error))
