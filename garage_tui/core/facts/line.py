"""One line of a facts file: its bytes, the fact in them, and what is wrong with them.

Lines that nobody edits are written back byte for byte; of an edited line only the edited values change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from json import JSONDecodeError
from typing import Any

import msgspec

from garage_tui.core.base.json_text import HALF_CHARACTER, escaped, json_line, read_json
from garage_tui.core.base.sanitize import hidden
from garage_tui.core.facts.formats.json_problems import explain
from garage_tui.core.facts.must_text import usable_must

MAX_LINE = 1_000_000
"""Bytes in a line above which it is refused: no model's context holds it."""
BOM = b"\xef\xbb\xbf"

_ESCAPE = re.compile(r"[\x1b\x9b\x9d\x90]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAX_MARKS = 6
"""Characters that a warning names."""
_LOOKS_LIKE = '{"question": "…", "answer": "…"}'
IMPORTED = "`garage facts import FILE` reads it (I in the app)"
"""The remedy for what the import reads; it is offered only where that was tried."""
_NOTHING: dict[str, Any] = {}
_decode = msgspec.json.Decoder().decode


class Fact(msgspec.Struct, frozen=True):
    """One question with its answer. `extra` holds every other key, those that nobody here knows included."""

    question: str
    answer: str
    extra: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def exam(self) -> bool:
        """True for an exam question, which is never trained on."""
        return self.extra.get("exam") is True

    @property
    def fact(self) -> str:
        """The fact that this row and its variants state; empty if the file does not name it."""
        value = self.extra.get("fact")
        return value if isinstance(value, str) else ""

    @property
    def content(self) -> str:
        """The fact if the file names it, else the answer. Rows with the same content are variants."""
        return self.fact or self.answer

    @property
    def must(self) -> list[str | list[str]]:
        """What a right answer contains; of a list within it, one is enough. Empty if it is missing or not usable."""
        return usable_must(self.extra.get("must"))

    @property
    def is_taught(self) -> bool:
        """True for a row that a run trains on: it has a question, and is no exam question."""
        return bool(self.question) and not self.exam

    @property
    def is_statement(self) -> bool:
        """True for a row without a question, which only states a fact."""
        return not self.question


class Complaint(msgspec.Struct, frozen=True):
    """One thing wrong with a line, and what to do about it."""

    text: str
    error: bool = True
    """False: a warning; the row can be used."""


MARKED = Complaint("the file starts with a byte order mark; save as UTF-8 without one", error=False)
"""What the first line of a file with such a mark has; the mark itself belongs to the file, wherever its lines go."""


class Line(msgspec.Struct, frozen=True, eq=False):
    """One line of the file. Two lines with the same bytes are still two lines."""

    raw: bytes
    """Its bytes as they were read, without the line feed, and without the byte order mark of the file."""
    fact: Fact | None = None
    complaints: tuple[Complaint, ...] = ()

    @property
    def is_taught(self) -> bool:
        """True for a line with a row that a run trains on."""
        return self.fact is not None and self.fact.is_taught

    @property
    def blank(self) -> bool:
        return self.fact is None and not self.complaints

    def copied(self) -> Line:
        """Return another line with the same bytes."""
        return Line(self.raw, self.fact, self.complaints)


def parse(data: bytes) -> Line:
    """Return the line with the fact that it holds, or with what is wrong with it."""
    complaints: list[Complaint] = []
    if len(data) > MAX_LINE:
        return _bad(data, f"{len(data) / 1e6:.1f} MB in one line; split it into several facts")
    try:
        row = _decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError):
        if not data.strip():
            return Line(data)
        row, why = _read_leniently(data)
        if why:
            return _bad(data, why)
    if type(row) is not dict:
        return _bad(data, f"not an object; a line looks like {_LOOKS_LIKE}")
    question, answer = row.pop("question", None), row.pop("answer", None)
    if question is None and answer is None and _is_text(row.get("fact")):
        return Line(data, Fact("", row["fact"], row), tuple(_odd_characters("fact", row["fact"])))
    for key, value in (("question", question), ("answer", answer)):
        if type(value) is not str or not value or value.isspace():
            return _bad(data, _missing(key, value, data, row), complaints)
        if not (value.isascii() and value.isprintable()):
            complaints += _odd_characters(key, value)
    if row:
        complaints += _odd_keys(row)
    if data.count(b'"question"') > 1 or data.count(b'"answer"') > 1:
        complaints += _twice(data)
    return Line(data, Fact(question, answer, row or _NOTHING), tuple(complaints))


def make_line(fact: Fact, like: Line | None = None) -> Line:
    """Return the line that holds `fact`, ended as `like` is (a carriage return stays where a file has them)."""
    row: dict[str, Any] = {"question": fact.question, "answer": fact.answer} if fact.question else {}
    # A key of this name among the others never wins over the question or the answer.
    end = b"\r" if like and like.raw.endswith(b"\r") else b""
    return parse(json_line({**row, **fact.extra, **row}) + end)


def rewrite(line: Line, data: bytes) -> Line:
    """Return the line that stands for `line` once it has these bytes; what is said of the whole file stays."""
    new = parse(data)
    return Line(data, new.fact, (MARKED, *new.complaints)) if MARKED in line.complaints else new


def edit_line(line: Line, values: Mapping[str, object]) -> Line:
    """Return `line` with other values for some keys; a value of None takes its key out.

    Every other byte stays: unknown keys, their order, how numbers are written, spaces.

    Args:
        line: one that holds a fact.
    """
    text = line.raw.decode()
    members = _members(text)
    for key, value in values.items():
        matches = [member for member in members if member[0] == key]
        new = escaped(json.dumps(value, ensure_ascii=False))
        if matches and value is not None:
            _, _, start, end = matches[-1]  # of a key that stands twice, readers take the last
            text = text[:start] + new + text[end:]
        elif matches:
            index = members.index(matches[-1])
            start = members[index - 1][3] if index else matches[-1][1]
            end = matches[-1][3] if index or len(members) == 1 else members[1][1]
            text = text[:start] + text[end:]
        elif value is not None:
            at = members[-1][3] if members else text.index("{") + 1
            text = f"{text[:at]}{', ' if members else ''}{json.dumps(key)}: {new}{text[at:]}"
        members = _members(text)
    return rewrite(line, text.encode())


def _members(text: str) -> list[tuple[str, int, int, int]]:
    """Return (key, where the key begins, where its value begins, where it ends) of an object's members."""
    scan = json.JSONDecoder().raw_decode
    skip = re.compile(r"[ \t\r\n]*")

    def past_space(at: int) -> int:
        found = skip.match(text, at)
        return found.end() if found else at

    members, at = [], past_space(past_space(0) + 1)
    while text[at] != "}":
        begin = at
        key, at = scan(text, at)
        start = past_space(past_space(at) + 1)
        _, end = scan(text, start)
        members.append((key, begin, start, end))
        at = past_space(end)
        if text[at] == ",":
            at = past_space(at + 1)
    return members


def _bad(raw: bytes, text: str, others: Sequence[Complaint] = ()) -> Line:
    return Line(raw, None, (*others, Complaint(text)))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _read_leniently(data: bytes) -> tuple[Any, str]:
    """Return what Python's reader makes of a line that the quick one refuses, or why it cannot be read."""
    try:
        return read_json(data.decode()), ""
    except UnicodeDecodeError as error:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:64]:
            return None, "is UTF-16 or binary; save the file as UTF-8"
        return None, f"byte {error.start + 1} is not UTF-8; save the file as UTF-8"
    except JSONDecodeError as error:
        if error.msg.startswith(HALF_CHARACTER[:4]):
            return None, f"column {error.colno} has {error.msg}"
        at, why = explain(error.doc, error)
        return None, f"not JSON at column {at + 1} ({why}); a line looks like {_LOOKS_LIKE}"
    except (RecursionError, ValueError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else "a number with too many digits"
        return None, f"not JSON ({why}); a line looks like {_LOOKS_LIKE}"


def _missing(key: str, value: object, data: bytes, row: dict[str, Any]) -> str:
    if value is None and f'"{key}"'.encode() not in data:
        if alike := next((other for other in row if other.strip().casefold() == key), None):
            return f'the key "{key}" is missing: rename {json.dumps(alike, ensure_ascii=False)}'
        return f'the key "{key}" is missing: {_remedy(key, data)}'
    if isinstance(value, str):
        return f'"{key}" is empty: write one, or delete the line'
    return f'"{key}" is not text; write one text in quotes'


def _remedy(key: str, data: bytes) -> str:
    """Return what to do about a row without a question or an answer: import it, if it is of a format that can be."""
    from garage_tui.core.facts.formats.read_row import NoQuestionError, RowRefusedError
    from garage_tui.core.facts.formats.row_reader import read_row

    try:
        reading = read_row(json.loads(data))
    except NoQuestionError:
        return f'add "{key}": "…"'
    except RowRefusedError as error:
        return f'add "{key}": "…"; `garage facts import FILE` leaves this row out ({error})'
    if reading.left_out:
        return f"this is another format; `garage facts import FILE` reads a part of it ({'; '.join(reading.left_out)})"
    return f"this is another format, and {IMPORTED}"


def _odd_characters(key: str, text: str) -> list[Complaint]:
    marks = hidden(text)
    if not marks:
        return []
    what = "invisible characters"
    if _ESCAPE.search(text):
        what = "terminal escape sequences"
    elif _CONTROL.search(text):
        what = "control characters"
    named = " ".join(marks[:_MAX_MARKS]) + (" …" if len(marks) > _MAX_MARKS else "")
    return [Complaint(f'"{key}" contains {what} ({named}); remove them', error=False)]


def _odd_keys(row: dict[str, Any]) -> list[Complaint]:
    found = []
    if not isinstance(row.get("exam"), bool | None):
        found.append(
            Complaint('"exam" is neither true nor false, so it counts as false; write one of them', error=False)
        )
    if not isinstance(row.get("fact"), str | None):
        found.append(Complaint('"fact" is not text, so it is ignored; write it in quotes', error=False))
    must = row.get("must")
    if must not in (None, []) and not usable_must(must):
        text = '"must" is ignored: write a list of words, or of lists of words that mean the same'
        found.append(Complaint(text, error=False))
    return found


def _twice(data: bytes) -> list[Complaint]:
    keys = [key for key, *_ in _members(data.decode())]
    return [
        Complaint(f'"{key}" appears twice; the last one counts', error=False)
        for key in ("question", "answer")
        if keys.count(key) > 1
    ]
