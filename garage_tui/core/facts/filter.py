"""Which rows of a facts file are shown: all of them, or those that are looked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from garage_tui.core.facts.coverage import Gap
from garage_tui.core.facts.document import Document
from garage_tui.core.facts.line import Line

RowKind = Gap | Literal["", "problems", "exams"]
ROW_KINDS: dict[RowKind, str] = {
    "": "All rows",
    "problems": "Rows with problems",
    "question": "Facts without a question",
    "questions": "Facts with only one question",
    "answers": "Facts whose answers are all alike",
    "exam": "Facts without an exam question",
    "exams": "Exam questions",
}


@dataclass(frozen=True)
class Filter:
    """What is looked for: rows of a kind that hold all the words."""

    words: str = ""
    only: RowKind = ""

    def __bool__(self) -> bool:
        return bool(self.words.split() or self.only)

    def narrows(self, other: Filter) -> bool:
        """Return whether every row that this finds is one that `other` finds."""
        return self.only == other.only and self.words.startswith(other.words)


def filter_rows(document: Document, wanted: Filter, among: Iterable[int] | None = None) -> list[int]:
    """Return the places of the lines to show, in their order; blank lines are never shown.

    Args:
        among: the places to look at; all where it is None.
    """
    lines = document.lines
    # As `not line.blank`, without calling it a hundred thousand times.
    some = (place for place, line in enumerate(lines) if line.fact is not None or line.complaints)
    places = list(some if among is None else among)
    if wanted.only:
        places = [place for place in places if _is(document, lines[place], wanted.only)]
    words = wanted.words.casefold().split()
    if words:
        places = [place for place in places if _holds(lines[place], words)]
    return places


def _holds(line: Line, words: list[str]) -> bool:
    fact = line.fact
    text = f"{fact.question}\n{fact.answer}\n{fact.fact}" if fact else line.raw[:10_000].decode(errors="replace")
    text = text.casefold()
    return all(word in text for word in words)


def _is(document: Document, line: Line, only: RowKind) -> bool:
    if only == "problems":
        return document.has_problem(line)
    if only == "exams":
        return bool(line.fact and line.fact.exam)
    group = document.coverage.group(line)
    return bool(group and only in group.gaps)
