"""A row that is being written, one field at a time: what each key does to it. A state machine without a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import from_shown, hidden, shown
from garage_tui.core.facts.journal import Field, UnsavedText
from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.facts.must_text import must_from_text, must_to_text

FIELDS: tuple[Field, ...] = get_args(Field)
"""The fields of a row, in the order in which Tab visits them."""
EXAM = "yes"
"""The text of the field `exam` of an exam question; that of any other row is empty."""
FinishKey = Literal["enter", "tab", "back", "save"]
"""The keys that leave a field: done with it, on to the next one, back to the one before, or done with the row."""


class NextField(msgspec.Struct, frozen=True):
    """The row is not complete: another field comes next."""

    field: Field


class WrongField(msgspec.Struct, frozen=True):
    """The result of a draft that cannot be taken yet: the field that is wrong, and why."""

    field: Field
    problem: str
    """What is wrong and what to do, as a sentence."""


class RowDone(msgspec.Struct, frozen=True):
    """All fields can be taken: the row belongs in the file."""


class RowDraft(msgspec.Struct):
    """The row that is being written."""

    line: Line | None
    """The line that is changed; None for a new row."""
    position: int
    """Its position among the lines of the file, or where it will be."""
    texts: dict[Field, str] = msgspec.field(default_factory=lambda: _texts(None))
    """All fields, as they are so far."""
    extra: dict[str, Any] = {}
    """The other keys of a new row."""
    variant_of: str = ""
    """The question to which a new row is a variant; empty if it is none."""

    begun: dict[Field, str] = {}
    """All fields before anything was written."""

    def __post_init__(self) -> None:
        self.begun = self.begun or dict(self.texts)

    @classmethod
    def of(cls, line: Line, position: int) -> RowDraft:
        """Return the draft that changes a line which holds a fact."""
        return cls(line, position, _texts(line.fact))

    @classmethod
    def variant(cls, fact: Fact, position: int, *, is_taught: bool = True) -> RowDraft:
        """Return the draft of a new row for the same fact: all but the question begins as a copy.

        Args:
            is_taught: whether any row teaches the fact; if none does, the new one is no exam question.
        """
        texts: dict[Field, str] = {**_texts(fact), "question": "", "fact": fact.content}
        if not is_taught:
            texts["exam"] = ""
        return cls(None, position, texts, dict(fact.extra), fact.question)

    @classmethod
    def restored(cls, text: UnsavedText, lines: Sequence[Line]) -> RowDraft:
        """Return the draft that was being written when an app ended; a new row where its line is gone."""
        position = next((at for at, line in enumerate(lines) if text.raw and line.raw == text.raw), None)
        if position is None:
            draft = cls(None, min(text.place, len(lines)), extra=dict(text.extra))
        else:
            draft = cls.of(lines[position], position)
        if text.fields:
            draft.texts.update(text.fields)
        elif text.column in ("question", "answer"):  # as version 0.1 wrote it
            draft.texts["answer" if text.column == "question" else "question"] = text.other
        draft.texts[text.column] = text.text
        return draft

    def finish(self, field: Field, text: str, key: FinishKey) -> NextField | WrongField | RowDone:
        """Take the text of a field, and return what comes next.

        Args:
            key: which key left it.
        """
        self.texts[field] = text
        if key in ("tab", "back"):
            return NextField(FIELDS[(FIELDS.index(field) + (1 if key == "tab" else -1)) % len(FIELDS)])
        if key == "enter" and self.goes_on(field) and text:
            return NextField("answer")
        return self._problem() or RowDone()

    def goes_on(self, field: Field) -> bool:
        """Return whether Enter in this field goes on to the answer, instead of saving the row."""
        return self.line is None and field == "question"

    def _problem(self) -> WrongField | None:
        for name in ("question", "answer"):
            if not self.texts[name] and not (name == "question" and self._stays_statement):
                return WrongField(name, f"The {name} is empty: write it, or press Esc")
        try:
            must_from_text(self.texts["must"]) if self._changed("must") else None
        except BadInputError as error:
            return WrongField("must", f"“Must” cannot be read: {error}")
        return None

    @property
    def _stays_statement(self) -> bool:
        """Whether only the fact of a row without a question was changed."""
        is_statement = bool(self.line and self.line.fact and self.line.fact.is_statement)
        return is_statement and self._changed("fact") and bool(self.texts["fact"]) and not self._changed("answer")

    def _changed(self, field: Field) -> bool:
        return self.texts[field] != self.begun[field]

    def is_changed(self, field: Field, text: str) -> bool:
        """Return whether anything was written, where `text` is what the open field holds."""
        return {**self.texts, field: text} != self.begun

    def changes(self) -> dict[str, object]:
        """Return the values that the line of the draft gets; a statement gets an answer with its question."""
        assert self.line and self.line.fact
        fact = self.line.fact
        found = self._changed_values(fact)
        if fact.is_statement and self.texts["question"]:
            found["answer"] = self.texts["answer"]
        return found

    def _changed_values(self, fact: Fact) -> dict[str, object]:
        """Return the values of the fields that differ from those of a fact; a value that no text can say stays."""
        before = _texts(fact)
        return {name: _value(name, self.texts[name]) for name in FIELDS if self.texts[name] != before[name]}

    def become_new(self) -> None:
        """Go on as a new row: the line that was to be changed is gone, and nothing that was typed may be lost."""
        self.extra = dict(self.line.fact.extra) if self.line and self.line.fact else {}
        self.line = None

    def as_fact(self) -> Fact:
        """Return the fact of a new row."""
        extra = dict(self.extra)
        values = self._changed_values(Fact(self.texts["question"], self.texts["answer"], extra))
        for name, value in values.items():
            if value is None:
                extra.pop(name, None)
            else:
                extra[name] = value
        return Fact(self.texts["question"], self.texts["answer"], extra)

    def unsaved(self, field: Field, text: str) -> UnsavedText:
        """Return what the journal keeps while `text` is being written in a field."""
        raw = self.line.raw if self.line else b""
        fields: dict[Field, str] = {**self.texts, field: text}
        return UnsavedText(text, field, raw=raw, place=self.position, fields=fields, extra=self.extra)


def unwritable_marks(fact: Fact) -> list[str]:
    """Return the marks of characters that an editor could not give back as they were; empty where it can."""
    for text in _texts(fact).values():
        if (marks := hidden(text)) and from_shown(shown(text)) != text:
            return marks
    return []


def _texts(fact: Fact | None) -> dict[Field, str]:
    if fact is None:
        return dict.fromkeys(FIELDS, "")
    return {
        "question": fact.question,
        "answer": fact.answer,
        "fact": fact.fact,
        "must": must_to_text(fact.extra.get("must")),
        "exam": EXAM if fact.exam else "",
    }


def _value(field: Field, text: str) -> object:
    """Return the value of a key for the text of its field; None where the row has no such key."""
    values: Mapping[Field, object] = {
        "must": must_from_text(text) or None if field == "must" else None,
        "exam": True if text else None,
        "fact": text or None,
    }
    return values.get(field, text)
