"""What has to change in a facts file so that it states a fact: nothing, new rows, or rows that say otherwise.

Nothing is written here. Whoever writes the file, a command or the app that has it open, does that through its store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.facts.store import FactsStore
from garage_tui.core.language.fold import fold
from garage_tui.core.language.question_forms import generate_questions
from garage_tui.core.rewording.suggestions import check_question
from garage_tui.core.school.fact_input import FactInput
from garage_tui.core.school.row_index import RowIndex
from garage_tui.core.school.same_statement import (
    TELLING,
    as_written,
    content_stems,
    same_question,
    same_text,
    says_same,
)
from garage_tui.core.school.superseding import Edits, supersede

Outcome = Literal["added", "replaced", "already there", "contradicts"]
LACKS_QUESTION = (
    "no question asks for it, so no run teaches it: tell it once more as a question and its answer, "
    "“QUESTION? / ANSWER”, or press s on Facts"
)
_TOO_WIDE = "Tell me about"
"""Begins a question that asks for everything about its subject, not for one fact."""


@dataclass(frozen=True)
class Contradiction:
    """A row that answers the question of a new fact otherwise."""

    line: int
    """From 1."""
    question: str
    answer: str

    @property
    def text(self) -> str:
        """The row in one line."""
        return f"line {self.line} says “{one_line(self.answer, 120)}” to “{one_line(self.question, 120)}”"


@dataclass(frozen=True)
class FactChange:
    """What has to change in a file."""

    outcome: Outcome
    rows: tuple[Fact, ...] = ()
    """The new rows."""
    edits: tuple[tuple[Line, dict[str, object] | None], ...] = ()
    """The rows that get other values; None: that are removed, because they ask for what is no longer so."""
    there: Line | None = None
    """The row that states the fact already, or that of a fact without a question that gets one."""
    contradictions: tuple[Contradiction, ...] = ()
    lacks: str = ""
    """What the fact lacks to be taught, as the beginning of a sentence; empty if nothing."""

    @property
    def changed(self) -> int:
        """How many rows get other values."""
        return sum(values is not None for _, values in self.edits)

    @property
    def removed(self) -> int:
        """How many rows are removed."""
        return len(self.edits) - self.changed


def plan_change(
    rows: Sequence[Line] | RowIndex, fact: FactInput, mark: Mapping[str, object], *, replace: bool = False
) -> FactChange:
    """Return what has to change so that a file with these lines states a fact.

    It compares the fact with every question of the file: call it in a thread.

    Args:
        rows: the lines of the file; who plans many changes makes one index of them.
        mark: keys that each written row gets, such as where it came from.
        replace: supersede the rows that contradict it; else nothing changes.

    Raises:
        BadInputError: the question is one that the exam asks, so the exam would prove nothing.
    """
    return _FactComparison(rows if isinstance(rows, RowIndex) else RowIndex(rows), fact, mark).change(replace=replace)


def apply_change(store: FactsStore, change: FactChange, what: str) -> int:
    """Make a change in the rows of an open file, which has to be saved then; return the position of its first row.

    Raises:
        GarageError: a row of it was changed or removed meanwhile.
    """
    if change.edits:
        return store.edit_all(change.edits, what, change.rows)
    end = len(store.document.lines)
    store.insert(end, change.rows, what)
    return end


def template_questions(statement: str) -> list[str]:
    """Return the questions by templates that a statement answers, as they can be taught without anybody's review."""
    found: list[str] = []
    for question in generate_questions(statement):
        if not question.startswith(_TOO_WIDE) and not check_question(question, "", statement, statement, found):
            found.append(question)
    return found


class _FactComparison:
    """Compares one fact with the rows of a file."""

    def __init__(self, rows: RowIndex, fact: FactInput, mark: Mapping[str, object]) -> None:
        self._rows, self._fact, self._mark = rows, fact, mark
        self._to_the_letter = False
        self._questions = template_questions(fact.answer) if fact.is_statement else [fact.question]
        self._hits = {question: rows.repeating(question) for question in self._questions}
        """The rows that ask each of the new questions, in these words or nearly so."""

    def _described(self) -> list[Line]:
        """Return the rows that ask a new question and describe its subject besides, or ask it without a description."""
        return [line for question in self._questions for line in self._rows.describing(question)]

    def change(self, *, replace: bool) -> FactChange:
        self._to_the_letter = replace
        if there := self._there():
            lacks = LACKS_QUESTION if there.fact and there.fact.is_statement else ""
            return FactChange("already there", there=there, lacks=lacks)
        asking = [line for hits in (*self._hits.values(), self._described()) for line in hits]
        against = [line for line in asking if self._contradicts(line)]
        against = sorted(set(against), key=self._rows.number)
        if against and not replace:
            return FactChange("contradicts", contradictions=tuple(map(self._contradiction, against)))
        if against:
            return self._replacing(against)
        return self._adding()

    def _there(self) -> Line | None:
        """Return the row that states the fact already."""
        if self._fact.is_statement:
            rows = [*(line for line in self._rows.asking if line.is_taught), *self._rows.statements]
            same = (line for line in rows if line.fact and self._states(line.fact))
            found = next(same, None)
            if found is not None:
                return found
        hits = [line for question in self._questions for line in self._hits[question]]
        if not self._fact.is_statement:
            hits = [line for line in hits if line.fact and same_question(line.fact.question, self._fact.question)]
        return next((line for line in hits if line.is_taught and not self._contradicts(line)), None)

    def _states(self, fact: Fact) -> bool:
        return self._is_same(fact, fact.content) or self._is_same(fact, fact.answer)

    def _is_same(self, fact: Fact, text: str) -> bool:
        """Return whether a text of a row is that of the new fact; who replaces it may correct its capitals alone."""
        same = same_text(text, self._fact.answer)
        exactly = self._to_the_letter and not fact.is_statement
        return same and (not exactly or as_written(text) == as_written(self._fact.answer))

    def _contradicts(self, line: Line) -> bool:
        """Return whether a row that asks the same answers otherwise."""
        assert line.fact
        answer = line.fact.answer
        if self._states(line.fact):
            return False
        recased = self._to_the_letter and same_question(answer, self._fact.answer)
        return recased or not says_same(line.fact.question, answer, self._fact.answer)

    def _contradiction(self, line: Line) -> Contradiction:
        assert line.fact
        return Contradiction(self._rows.number(line), line.fact.question, line.fact.answer)

    def _adding(self) -> FactChange:
        questions = self._teachable({})
        mine = (line for line in self._rows.statements if line.fact and self._states(line.fact))
        statement = next(mine, None)
        if questions and statement and statement.fact:
            values: dict[str, object] = {"question": questions[0], "answer": self._fact.answer}
            rows = [
                Fact(one, self._fact.answer, {"fact": statement.fact.content, **self._mark}) for one in questions[1:]
            ]
            return FactChange("added", tuple(rows), ((statement, values),), there=statement)
        if questions:
            name = self._fact.answer if self._fact.is_statement else self._name
            named = {"fact": name} if name else {}
            rows = [Fact(one, self._fact.answer, {**named, **self._mark}) for one in questions]
            return FactChange("added", tuple(rows))
        alone = Fact("", self._fact.answer, {"fact": self._fact.answer, **self._mark})
        return FactChange("added", (alone,), lacks=LACKS_QUESTION)

    @property
    def _name(self) -> str:
        """What the file calls the fact that a given answer states; empty where it has no name, or says too little."""
        if len(content_stems(self._fact.answer)) < TELLING:
            return ""
        return self._rows.name_of(self._fact.answer)

    def _teachable(self, edits: Edits) -> list[str]:
        """Return the new questions that no row asks yet, after these edits.

        Raises:
            BadInputError: somebody gave the question, and it is one that the exam asks.
        """
        found = []
        for question in self._questions:
            kept = [line for line in self._hits[question] if edits.get(line, {}) is not None]
            exam = next((line for line in kept if line.fact and line.fact.exam), None)
            if exam and exam.fact and not self._fact.is_statement and not edits:
                asks = one_line(exam.fact.question, 80)
                raise BadInputError(
                    f"line {self._rows.number(exam)} is an exam question that asks this, “{asks}”, and would prove "
                    "nothing if it were taught: ask in other words"
                )
            exactly = any(line.fact and same_question(line.fact.question, question) for line in kept)
            if not exam and not exactly and not (kept and self._fact.is_statement):
                found.append(question)
        return found

    def _replacing(self, against: Sequence[Line]) -> FactChange:
        edits: Edits = {}
        name = ""
        for key in dict.fromkeys(fold(line.fact.content) for line in against if line.fact):
            group = [line for line in self._rows.lines if line.fact and fold(line.fact.content) == key]
            edits |= (found := supersede(group, against, self._fact, self._mark))
            kept = (line.fact.fact for line, values in found.items() if line.fact and "fact" not in (values or {}))
            name = name or next(filter(None, kept), "")
        if self._fact.is_statement and not name:
            name = self._fact.answer
        extra = {"fact": name} if name else {}
        rows = [Fact(one, self._fact.answer, {**extra, **self._mark}) for one in self._teachable(edits)]
        if not rows and not any(line.is_taught for line, values in edits.items() if values is not None):
            number = self._rows.number(against[0])
            raise BadInputError(
                f"only the exam asks this, on line {number}: change its answer on Facts, and tell it in other words"
            )
        there = next(line for line in against if edits[line] is not None)
        found_contradictions = tuple(map(self._contradiction, against))
        return FactChange("replaced", tuple(rows), tuple(edits.items()), there, found_contradictions)
