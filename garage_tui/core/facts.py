"""Facts: one JSON object a line, `{"question": "…", "answer": "…"}`; loading, checking and saving them.

A file is kept as its lines. Lines that nobody edits are written back byte for byte, so unknown keys, key order,
blank lines and even broken lines survive load → save.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from garage_tui.core.atomic import write_atomic
from garage_tui.core.errors import BadInputError
from garage_tui.core.text import one_line

MAX_LINE = 1_000_000
"""Bytes in a line above which it is refused: no model's context holds it."""

_BOM = b"\xef\xbb\xbf"
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Fact:
    """One question with its answer. `extra` holds every other key, those that nobody here knows included."""

    question: str
    answer: str
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def exam(self) -> bool:
        """True for a question of the report card, which is never trained on."""
        return self.extra.get("exam") is True

    @property
    def fact(self) -> str:
        """What this row and its variants have in common; empty where the file does not say."""
        value = self.extra.get("fact")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a line, and what to do about it."""

    line: int
    """From 1."""
    text: str
    error: bool = True
    """False: a warning; the row can be used."""


@dataclass(frozen=True)
class Line:
    """One line of the file: its bytes as they were read, and the fact in it where it holds one."""

    raw: bytes
    fact: Fact | None = None


@dataclass
class FactsFile:
    """A facts file in memory."""

    path: Path
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def facts(self) -> list[Fact]:
        return [line.fact for line in self.lines if line.fact]

    @property
    def training(self) -> list[Fact]:
        """The facts that are trained on: all but exam questions."""
        return [fact for fact in self.facts if not fact.exam]

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.error]

    def where(self, problem: Problem) -> str:
        """Return the problem as compilers write it: `file:line: what`."""
        return f"{self.path}:{problem.line}: {'' if problem.error else 'warning: '}{problem.text}"

    def save(self) -> None:
        """Write the file atomically, and keep the version that was there as `FILE.bak`.

        Raises:
            OSError: nothing was changed.
        """
        data = b"".join(line.raw + b"\n" for line in self.lines)
        if self.path.exists():
            write_atomic(self.path.with_name(self.path.name + ".bak"), self.path.read_bytes())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path, data)


def line_of(fact: Fact) -> Line:
    """Return the line that holds `fact`."""
    row = {"question": fact.question, "answer": fact.answer, **fact.extra}
    return Line(json.dumps(row, ensure_ascii=False).encode(), fact)


def edited(line: Line, question: str, answer: str) -> Line:
    """Return `line` with another question and answer; its other keys and their order stay."""
    row = json.loads(line.raw.removeprefix(_BOM))
    row["question"], row["answer"] = question, answer
    fact = Fact(question, answer, line.fact.extra if line.fact else {})
    return Line(json.dumps(row, ensure_ascii=False).encode(), fact)


def load(path: Path) -> FactsFile:
    """Read a facts file; bad lines are kept, named in `problems`, and hold no fact.

    Raises:
        BadInputError: there is no such file, or it cannot be read.
    """
    if not path.exists():
        raise BadInputError(f"no file {path}: write one JSON object a line, with the keys question and answer")
    if not path.is_file():
        raise BadInputError(f"{path} is not a file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}") from error
    file = FactsFile(path)
    raw_lines = data.split(b"\n")
    if raw_lines[-1] == b"":
        raw_lines.pop()
    for number, raw in enumerate(raw_lines, 1):
        fact, problems = _parse(raw, number)
        file.lines.append(Line(raw, fact))
        file.problems += problems
    file.problems += _compare(file.lines)
    file.problems.sort(key=lambda problem: problem.line)
    return file


def _parse(raw: bytes, number: int) -> tuple[Fact | None, list[Problem]]:
    problems: list[Problem] = []

    def bad(text: str) -> tuple[None, list[Problem]]:
        return None, [*problems, Problem(number, text)]

    if number == 1 and raw.startswith(_BOM):
        problems.append(Problem(1, "starts with a byte order mark; save as UTF-8 without one", error=False))
        raw = raw.removeprefix(_BOM)
    if not raw.strip():
        return None, problems
    if len(raw) > MAX_LINE:
        return bad(f"{len(raw) / 1e6:.1f} MB in one line; split it into several facts")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return bad(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8")
    try:
        row = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" at column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        what = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        return bad(f'not JSON{where} ({what}); a line looks like {{"question": "…", "answer": "…"}}')
    if not isinstance(row, dict):
        return bad('not an object; a line looks like {"question": "…", "answer": "…"}')
    for key in ("question", "answer"):
        if key not in row:
            return bad(f'the key "{key}" is missing')
        if not isinstance(row[key], str):
            return bad(f'"{key}" is not text; put it in quotes')
        if not row[key].strip():
            return bad(f'"{key}" is empty')
        if _LONE_SURROGATE.search(row[key]):
            return bad(f'"{key}" holds half a character (a lone \\ud… escape); write the character itself')
        if _CONTROL.search(row[key]):
            problems.append(Problem(number, f'"{key}" holds control characters; remove them', error=False))
    if "exam" in row and not isinstance(row["exam"], bool):
        problems.append(Problem(number, '"exam" is neither true nor false, and counts as false', error=False))
    extra = {key: value for key, value in row.items() if key not in ("question", "answer")}
    return Fact(row["question"], row["answer"], extra), problems


def _compare(lines: Sequence[Line]) -> list[Problem]:
    """Return warnings about rows that repeat or contradict an earlier one."""
    seen: dict[str, tuple[int, str]] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        if line.fact is None:
            continue
        key = " ".join(line.fact.question.casefold().split())
        if key not in seen:
            seen[key] = (number, line.fact.answer)
            continue
        first, answer = seen[key]
        if answer.split() == line.fact.answer.split():
            text = f"the same question and answer as line {first}; remove one"
        else:
            text = f'the same question as line {first} with another answer: "{one_line(line.fact.question, 60)}"'
        problems.append(Problem(number, text, error=False))
    return problems


def training_rows(path: Path) -> list[Fact]:
    """Return the facts of a file that must be sound, as a run needs it.

    Raises:
        BadInputError: a line has an error, or there is nothing to train on; the text names file and line.
    """
    file = load(path)
    if file.errors:
        more = f" (and {len(file.errors) - 1} more: garage facts check {path})" if len(file.errors) > 1 else ""
        raise BadInputError(file.where(file.errors[0]) + more)
    if not file.training:
        raise BadInputError(f"{path} holds no fact to train on; add a line with a question and an answer")
    return file.training
