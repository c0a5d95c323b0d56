"""The counts of a facts file in sentences: rows, facts, exam questions, and rows that have no question yet."""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.file import FactsFile
from garage_tui.core.language.fold import fold

_NAMED, _CELLS = 2, 30
"""Rows without a question that are named, and the most characters of each name."""


@dataclass(frozen=True)
class RowCounts:
    """How many rows a facts file has of each kind."""

    taught: int
    """Rows with a question that a run trains on."""
    facts: int
    """Facts that these rows teach: rows with the same `fact`, or else with the same answer, are of one."""
    exams: int
    """Exam questions."""
    waiting: tuple[str, ...] = ()
    """What the rows without a question state."""

    @property
    def sentences(self) -> list[str]:
        """What a run on this file teaches, and what it leaves out."""
        teach = "teaches" if self.taught == 1 else "teach"
        taught = f"{plural(self.taught, 'row')} {teach} {plural(self.facts, 'fact')}"
        if self.exams:
            taught += f"; {plural(self.exams, 'exam question')} for the report card"
        return [f"{taught}.", *filter(None, [self.left_out])]

    @property
    def left_out(self) -> str:
        """Which rows no run trains on because they have no question; empty if all have one."""
        if not self.waiting:
            return ""
        names = [f"“{one_line(text, _CELLS)}”" for text in self.waiting[:_NAMED]]
        more = len(self.waiting) - len(names)
        listed = ", ".join(names) + (f" and {more} more" if more else "")
        have, are = ("has", "is") if len(self.waiting) == 1 else ("have", "are")
        return f"{plural(len(self.waiting), 'row')} {have} no question yet and {are} left out: {listed}."


def count_rows(file: FactsFile) -> RowCounts:
    """Return the counts of a facts file."""
    rows = [line.fact for line in file.lines if line.fact]
    taught = [row for row in rows if row.is_taught]
    facts = len({fold(row.content) for row in taught})
    exams = sum(bool(row.question) and row.exam for row in rows)
    return RowCounts(len(taught), facts, exams, tuple(row.content for row in rows if not row.question))
