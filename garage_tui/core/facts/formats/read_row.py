"""What reading a row of another program gives: its facts, and why something was left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import one_line

Format = Literal["facts", "csv", "messages", "alpaca", "sharegpt", "text"]
FORMATS: tuple[Format, ...] = get_args(Format)


class SourceRow(NamedTuple):
    """One row of a file before it is known what it means."""

    number: int
    """From 1."""
    line: int
    """Where it begins, from 1; 0 if the file has no lines, as Parquet."""
    value: Any
    problem: str = ""
    """Why the row cannot be read; then there is no value."""

    @property
    def label(self) -> str:
        return f"row {self.number}" + (f" (line {self.line})" if self.line not in (0, self.number) else "")


class ReadFact(NamedTuple):
    """A question with its answer and all other keys; the question of a statement is empty."""

    question: str
    answer: str
    extra: dict[str, Any]


@dataclass
class RowReading:
    """The facts of one row, and what a person should know about it."""

    facts: list[ReadFact] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """What was not taken of it, each with the reason."""
    notices: list[str] = field(default_factory=list)
    """What was taken, but should be looked at."""


BY_OPTIONS = ", with --question and --answer (c in the app)"
"""How somebody says which columns they are."""


class RowRefusedError(ValueError):
    """A row that gives no fact; the text says why."""


class NoQuestionError(RowRefusedError):
    """A row without keys that are known as question and answer."""


@dataclass(frozen=True)
class Columns:
    """The keys or columns that somebody named as question and answer; empty where nobody did."""

    question: str = ""
    answer: str = ""

    def __bool__(self) -> bool:
        return bool(self.question or self.answer)


class UnknownColumnsError(BadInputError):
    """The file has columns, but which of them are question and answer must be said.

    Args:
        columns: their names, in their order.
        why: what is unclear.
    """

    def __init__(self, columns: list[str], why: str) -> None:
        self.columns = columns
        listed = ", ".join(f'"{one_line(name, 40)}"' for name in columns[:20]) + (" …" if len(columns) > 20 else "")
        remedy = f"say which is the question and which the answer{BY_OPTIONS}"
        super().__init__(f"{why}; the columns are {listed}: {remedy}")
