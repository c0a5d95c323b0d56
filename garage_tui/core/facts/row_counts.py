"""The counts of a facts file in sentences: rows, facts, exam questions, and rows that have no question yet."""

from __future__ import annotations

from collections.abc import Sequence
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
    exam_only: tuple[str, ...] = ()
    """The facts of which there are exam questions alone."""

    @property
    def sentences(self) -> list[str]:
        """What a run on this file teaches, and what it leaves out."""
        teach = "teaches" if self.taught == 1 else "teach"
        taught = f"{plural(self.taught, 'row')} {teach} {plural(self.facts, 'fact')}"
        if self.exams:
            taught += f"; {plural(self.exams, 'exam question')} for the report card"
        return [f"{taught}.", *self.not_taught]

    @property
    def not_taught(self) -> list[str]:
        """Sentences on what no run learns from this file: rows without a question, facts in exam questions alone."""
        return [*filter(None, [self.left_out, self.only_asked])]

    @property
    def only_asked(self) -> str:
        """Which facts no row teaches although exam questions ask for them; empty if there is none."""
        if not self.exam_only:
            return ""
        stand, them, add, its = (
            ("stands", "it", "a row that teaches it", "its exam question")
            if len(self.exam_only) == 1
            else ("stand", "them", "rows that teach them", "their exam questions")
        )
        return (
            f"{plural(len(self.exam_only), 'fact')} {stand} in exam questions only, so no run learns {them}: "
            f'{_listed(self.exam_only)}; add {add}, or give {its} the "fact" of a taught row.'
        )

    @property
    def left_out(self) -> str:
        """Which rows no run trains on because they have no question; empty if all have one."""
        if not self.waiting:
            return ""
        have, are = ("has", "is") if len(self.waiting) == 1 else ("have", "are")
        return f"{plural(len(self.waiting), 'row')} {have} no question yet and {are} left out: {_listed(self.waiting)}."


def _listed(texts: Sequence[str]) -> str:
    names = [f"“{one_line(text, _CELLS)}”" for text in texts[:_NAMED]]
    more = len(texts) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def count_rows(file: FactsFile) -> RowCounts:
    """Return the counts of a facts file."""
    rows = [line.fact for line in file.lines if line.fact]
    taught = [row for row in rows if row.is_taught]
    facts = {fold(row.content) for row in taught}
    exams = [row for row in rows if row.question and row.exam]
    waiting = tuple(row.content for row in rows if not row.question)
    exam_only = {fold(row.content): row.content for row in exams if fold(row.content) not in facts}
    return RowCounts(len(taught), len(facts), len(exams), waiting, tuple(exam_only.values()))
