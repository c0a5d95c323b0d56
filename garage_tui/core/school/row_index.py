"""The rows of a facts file, indexed by what they ask and answer, so that many facts can be compared with them."""

from __future__ import annotations

from collections.abc import Iterable

from garage_tui.core.facts.line import Line
from garage_tui.core.facts.near_duplicates import GrowingRepeats
from garage_tui.core.language.fold import fold
from garage_tui.core.language.plain_question import without_description
from garage_tui.core.school.same_statement import bare_text, same_text


class RowIndex:
    """The lines of a file. It grows at the end, and can be cut back to what it was before.

    To make one takes as long as to compare one fact with the whole file: make one for a batch.
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.lines: list[Line] = []
        self._numbers: dict[Line, int] = {}
        """From 1. A line that was cut off is in none of it; what else is known of it stays, and is passed over."""
        self._asking: list[Line] = []
        self._repeats = GrowingRepeats()
        self._questions: dict[str, list[Line]] = {}
        self._plain_questions: dict[str, list[Line]] = {}
        self._named: dict[str, list[Line]] = {}
        self._statements: list[Line] = []
        for line in lines:
            self.add(line)

    def add(self, line: Line) -> None:
        """Add a line at the end."""
        self.lines.append(line)
        self._numbers[line] = len(self.lines)
        fact = line.fact
        if fact is None:
            return
        if fact.question:
            self._asking.append(line)
            self._repeats.add(fact.question)
            self._questions.setdefault(fold(fact.question), []).append(line)
            self._plain_questions.setdefault(fold(without_description(fact.question)), []).append(line)
        else:
            self._statements.append(line)
        if fact.fact:
            self._named.setdefault(bare_text(fact.answer), []).append(line)

    def cut(self, size: int) -> None:
        """Take out all lines after the first `size`."""
        for line in self.lines[size:]:
            del self._numbers[line]
        del self.lines[size:]

    def number(self, line: Line) -> int:
        """Return which line of the file it is, from 1."""
        return self._numbers[line]

    @property
    def statements(self) -> list[Line]:
        """The rows without a question."""
        return self._there(self._statements)

    @property
    def asking(self) -> list[Line]:
        """The rows with a question."""
        return self._there(self._asking)

    def repeating(self, question: str) -> list[Line]:
        """Return the rows that ask a question, in these words or nearly so."""
        return self._there(self._asking[at] for at in self._repeats.find(question))

    def describing(self, question: str) -> list[Line]:
        """Return the rows that ask a question and describe its subject besides, or ask it without a description."""
        plain = fold(without_description(question))
        return self._there([*self._questions.get(plain, ()), *self._plain_questions.get(fold(question), ())])

    def is_exam_question(self, question: str) -> bool:
        """Return whether the exam asks a question in exactly these words."""
        rows = (line.fact for line in self._there(self._questions.get(fold(question), ())))
        return any(row.exam and row.question == question for row in rows if row)

    def name_of(self, answer: str) -> str:
        """Return what the first row with an answer calls its fact; empty where no row names it."""
        rows = (line.fact for line in self._there(self._named.get(bare_text(answer), ())))
        return next((row.fact for row in rows if row and same_text(row.answer, answer)), "")

    def _there(self, lines: Iterable[Line]) -> list[Line]:
        return [line for line in dict.fromkeys(lines) if line in self._numbers]
