"""A row that is being written, one cell at a time: what each key does to it. A state machine without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from garage_tui.core.base.sanitize import hidden, shown, unshown
from garage_tui.core.facts.journal import UnsavedText
from garage_tui.core.facts.line import Fact, Line

FinishKey = Literal["enter", "tab", "back", "save"]
"""The keys that end the writing in a cell: on to the next one, back to the one before, or done."""
OTHER = {"question": "answer", "answer": "question"}
"""The other cell of a row, by the name of its column."""


@dataclass(frozen=True)
class NextCell:
    """The row is not complete: the cell of another column comes next."""

    column: str


@dataclass(frozen=True)
class EmptyCell:
    """The row cannot be taken yet: this cell is empty."""

    column: str
    is_open: bool
    """Whether it is the cell that is being written in."""


@dataclass(frozen=True)
class RowDone:
    """Both cells are written: the row belongs in the file."""


@dataclass
class RowDraft:
    """The row that is being written."""

    line: Line | None
    """The line that is changed; None for a new row."""
    position: int
    """Its position among the lines of the file, or where it will be."""
    texts: dict[str, str] = field(default_factory=lambda: {"question": "", "answer": ""})
    """Both cells, as they are so far."""
    extra: dict[str, Any] = field(default_factory=dict)
    """The other keys of a new row."""
    warned: bool = False
    """True once Esc was pressed on changed text."""

    @classmethod
    def of(cls, line: Line, position: int) -> RowDraft:
        """Return the draft that changes a line which holds a fact."""
        return cls(line, position, _texts(line.fact))

    @classmethod
    def variant_of(cls, fact: Fact, position: int) -> RowDraft:
        """Return the draft of a new row for the same fact: it begins as a copy."""
        return cls(None, position, _texts(fact), {**fact.extra, "fact": fact.content})

    @classmethod
    def restored(cls, text: UnsavedText, lines: Sequence[Line]) -> RowDraft:
        """Return the draft that was being written when an app was killed; a new row where its line is gone."""
        position = next((at for at, line in enumerate(lines) if text.raw and line.raw == text.raw), None)
        if position is None:
            draft = cls(None, min(text.place, len(lines)))
        else:
            draft = cls.of(lines[position], position)
        draft.texts[OTHER[text.column]] = text.other
        return draft

    def finish(self, column: str, text: str, key: FinishKey) -> NextCell | EmptyCell | RowDone:
        """Take the text of a cell, and return what comes next.

        Args:
            key: which key ended it; only from a new row may one go back from an empty cell.
        """
        if not text and not (key == "back" and self.line is None):
            return EmptyCell(column, is_open=True)
        self.texts[column] = text
        other = OTHER[column]
        if key in ("tab", "back") or (key == "enter" and self.line is None and column == "question"):
            return NextCell(other)
        return RowDone() if self.texts[other] else EmptyCell(other, is_open=False)

    def may_close(self, column: str, text: str) -> bool:
        """Return whether the draft may be given up: nothing was changed, or this was asked before."""
        now = {**self.texts, column: text}
        if now == _texts(self.line.fact if self.line else None) or not any(now.values()) or self.warned:
            return True
        self.warned = True
        return False

    def changes(self) -> dict[str, object]:
        """Return the values that the line of the draft gets; a statement gets an answer with its question."""
        assert self.line and self.line.fact
        fact, found = self.line.fact, dict[str, object]()
        if self.texts["question"] != fact.question:
            found["question"] = self.texts["question"]
        if self.texts["answer"] != fact.answer or fact.is_statement:
            found["answer"] = self.texts["answer"]
        return found

    def become_new(self) -> None:
        """Go on as a new row: the line that was to be changed is gone, and nothing that was typed may be lost."""
        self.extra = self.line.fact.extra if self.line and self.line.fact else {}
        self.line, self.warned = None, True

    def as_fact(self) -> Fact:
        """Return the fact of a new row."""
        return Fact(self.texts["question"], self.texts["answer"], self.extra)

    def unsaved(self, column: str, text: str) -> UnsavedText:
        """Return what the journal keeps while `text` is being written in a cell."""
        return UnsavedText(text, column, self.texts[OTHER[column]], self.line.raw if self.line else b"", self.position)


def unwritable_marks(fact: Fact) -> list[str]:
    """Return the marks of characters that a cell could not give back as they were; empty where it can."""
    for text in (fact.question, fact.answer):
        if (marks := hidden(text)) and unshown(shown(text)) != text:
            return marks
    return []


def _texts(fact: Fact | None) -> dict[str, str]:
    return {"question": fact.question, "answer": fact.answer} if fact else {"question": "", "answer": ""}
