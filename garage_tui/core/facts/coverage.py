"""The coverage of each fact in a file: its questions, answers and exam questions, updated line by line."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from garage_tui.core.facts.contradictions import find_clash
from garage_tui.core.facts.line import Line
from garage_tui.core.language.fold import fold

Gap = Literal["question", "untaught", "questions", "answers", "exam"]
GAP_TEXTS: dict[Gap, tuple[str, str]] = {
    "question": ("no question yet", "It is not taught until it has a question."),
    "untaught": (
        "exam only",
        "No row teaches it, so no run learns it: teach this question with x, or write another one with y. "
        'If another row teaches it, give both the same "fact".',
    ),
    "questions": (
        "1 question only",
        "With one wording the model memorises the sentence; with three or more it learns the fact.",
    ),
    "answers": (
        "answers alike",
        "With other wordings of the answer the model learns the fact instead of one sentence.",
    ),
    "exam": ("no exam", "A question that is never taught shows afterwards whether the fact was learned."),
}
"""For each gap: a short name, and why it matters."""


@contextlib.contextmanager
def without_gc() -> Iterator[None]:
    """Pause the garbage collector while many objects are made, none of which is garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class FactGroup:
    """One fact: its rows in the file."""

    __slots__ = ("lines", "taught")

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.taught = 0
        """Rows that are trained on, counted as they come and go: a fact may have thousands."""

    @property
    def questions(self) -> list[Line]:
        """The rows that are trained on."""
        return [line for line in self.lines if line.is_taught]

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What the fact lacks to be learned well, the most important first."""
        rows = [line.fact for line in self.lines if line.fact and line.fact.question]
        taught = [row for row in rows if not row.exam]
        if not taught:
            return ("untaught",) if rows else ("question",)
        found: list[Gap] = []
        if _alike([row.question for row in taught]):
            found.append("questions")
        elif _alike([row.answer for row in taught]):
            found.append("answers")
        if len(taught) == len(rows):
            found.append("exam")
        return tuple(found)


class Coverage:
    """The facts of a file, and the questions that stand in it more than once.

    Rows belong to one fact where they name the same `fact`, or, without one, where they have the same answer.
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._groups: dict[str, FactGroup] = {}
        self._questions: dict[str, list[Line]] = {}
        self.rows = 0
        """Rows with a question."""
        self.exams = 0
        self.statements = 0
        """Rows that await a question."""
        self.taught_facts = 0
        """Facts of which a run trains on a row."""
        self.errors = 0
        self.warnings = 0
        """Without near duplicates, which take longer to find."""
        with without_gc():
            for line in lines:
                self.add(line)

    def remove(self, line: Line) -> None:
        errors = sum(complaint.error for complaint in line.complaints)
        self.errors -= errors
        self.warnings -= len(line.complaints) - errors
        if line.fact is None:
            return
        key = _key(line)
        group = self._groups[key]
        group.lines.remove(line)
        if line.is_taught:
            group.taught -= 1
            self.taught_facts -= not group.taught
        if not group.lines:
            del self._groups[key]
        if line.fact.is_statement:
            self.statements -= 1
        else:
            self.rows -= 1
            self.exams -= line.fact.exam
            question_key = fold(line.fact.question)
            same = self._questions[question_key]
            self.warnings -= _clashes(same)
            same.remove(line)
            self.warnings += _clashes(same)
            if not same:
                del self._questions[question_key]

    def add(self, line: Line) -> None:
        if line.complaints:
            errors = sum(complaint.error for complaint in line.complaints)
            self.errors += errors
            self.warnings += len(line.complaints) - errors
        fact = line.fact
        if fact is None:
            return
        is_exam = fact.exam
        key = fold(fact.content)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = FactGroup()
        group.lines.append(line)
        if not fact.question:
            self.statements += 1
            return
        if not is_exam:
            self.taught_facts += not group.taught
            group.taught += 1
        self.rows += 1
        self.exams += is_exam
        question_key = fold(fact.question)
        same = self._questions.get(question_key)
        if same is None:
            self._questions[question_key] = [line]
        else:
            same.append(line)
            self.warnings += bool(find_clash(line, same[0]))

    @property
    def facts(self) -> int:
        """The number of facts; each has one row or several."""
        return len(self._groups)

    def group(self, line: Line) -> FactGroup | None:
        """Return the fact that a line belongs to; None for a line that holds none."""
        return self._groups.get(_key(line)) if line.fact else None

    def clashing(self, line: Line) -> list[tuple[Line, str]]:
        """Return the other lines that ask the same and should not, each with what is wrong with it."""
        if line.fact is None or not line.fact.question:
            return []
        same = self._questions.get(fold(line.fact.question), ())
        return [(other, what) for other in same if other is not line and (what := find_clash(line, other))]

    def repeated(self) -> Iterator[list[Line]]:
        """Give the lines of every question that stands in the file more than once."""
        return (lines for lines in self._questions.values() if len(lines) > 1)


def _clashes(same: Sequence[Line]) -> int:
    return sum(bool(find_clash(line, same[0])) for line in same[1:])


def _alike(texts: Sequence[str]) -> bool:
    first = fold(texts[0])
    return all(text == texts[0] or fold(text) == first for text in texts)


def _key(line: Line) -> str:
    assert line.fact
    return fold(line.fact.content)
