"""The rows that the questions of a report card come from."""

from __future__ import annotations

from collections.abc import Sequence

from garage_tui.core.exam.report import ExamQuestion
from garage_tui.core.facts.line import Fact


class ExpectedRows:
    """The rows of a run's facts, by what a report card says of its questions.

    Rows of one fact, or of one question, may have different answers: the expected one says which row is meant.
    """

    def __init__(self, rows: Sequence[Fact]) -> None:
        self._rows: dict[tuple[str, ...], Fact] = {}
        for row in reversed(rows):
            for place in (("question", row.question), ("fact", row.content)):
                self._rows.update({place: row, (*place, row.answer): row})

    def find(self, question: ExamQuestion) -> Fact | None:
        """Return the row with the question, else one that states its fact, as far as possible with its answer."""
        places = ("question", question.question), ("fact", question.fact)
        exact = ((*place, question.expected) for place in places)
        order = (place for both in zip(exact, places, strict=True) for place in both)
        return next((self._rows[place] for place in order if place in self._rows), None)
