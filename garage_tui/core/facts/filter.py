"""Filters for the rows of a facts file: by kind, by what became of their fact, and by text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, get_args

import msgspec

from garage_tui.core.base.sanitize import decoded
from garage_tui.core.facts.coverage import Gap
from garage_tui.core.facts.editable_rows import EditableRows
from garage_tui.core.facts.line import Line

FactState = Literal["learned", "in the book", "waiting", "failed"]
"""What became of a fact that is in the file: the statuses of the ledger (`core/school/ledger.py`)."""
RowKind = Gap | FactState | Literal["", "problems", "exams"]
ROW_KINDS: dict[RowKind, str] = {
    "": "All rows",
    "problems": "Rows with problems",
    "question": "Facts without a question",
    "untaught": "Facts that only the exam asks for",
    "questions": "Facts with only one question",
    "answers": "Facts whose answers are all alike",
    "exam": "Facts without an exam question",
    "exams": "Exam questions",
    "learned": "Learned facts",
    "in the book": "Facts in the book",
    "waiting": "Facts that wait",
    "failed": "Facts that failed",
}
FACT_STATES: tuple[str, ...] = get_args(FactState)


class Filter(msgspec.Struct, frozen=True):
    """Finds rows of one kind that contain all the words of a text."""

    text: str = ""
    only: RowKind = ""

    def __bool__(self) -> bool:
        return bool(self.text.split() or self.only)

    def narrows(self, other: Filter) -> bool:
        """Return whether every row that this finds is one that `other` finds."""
        return self.only == other.only and self.text.startswith(other.text)


def filter_rows(
    document: EditableRows,
    row_filter: Filter,
    among: Iterable[int] | None = None,
    status: Callable[[Line], str] = lambda _: "",
) -> list[int]:
    """Return the positions of the lines that a filter finds, in their order; blank lines are never found.

    Args:
        among: the positions to look at; None for all.
        status: returns what became of a line's fact, a `FactState`; empty where that is not known.
    """
    lines = document.lines
    # As `not line.blank`, without calling it a hundred thousand times.
    some = (position for position, line in enumerate(lines) if line.fact is not None or line.complaints)
    positions = list(some if among is None else among)
    only = row_filter.only
    if only in FACT_STATES:
        positions = [position for position in positions if status(lines[position]) == only]
    elif only:
        positions = [position for position in positions if _is(document, lines[position], only)]
    terms = row_filter.text.casefold().split()
    if terms:
        positions = [position for position in positions if _contains(lines[position], terms)]
    return positions


def _contains(line: Line, terms: list[str]) -> bool:
    fact = line.fact
    text = f"{fact.question}\n{fact.answer}\n{fact.fact}" if fact else decoded(line.raw[:10_000])
    text = text.casefold()
    return all(term in text for term in terms)


def _is(document: EditableRows, line: Line, only: RowKind) -> bool:
    if only == "problems":
        return document.has_problem(line)
    if only == "exams":
        return bool(line.fact and line.fact.exam)
    group = document.coverage.group(line)
    return bool(group and only in group.gaps)
