"""The rows of JSON text: JSON lines, a list, values over several lines, several values in a row.

All of these have one reading. What has not (a comma too many, a comment, a text without its end) is an error with its
line and column.
"""

from __future__ import annotations

import json
import math
import re
from json import JSONDecodeError
from typing import Any

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts.formats.json_problems import NO_VALUE, explain
from garage_tui.core.facts.formats.other_keys import CHAT_KEYS, fold_key
from garage_tui.core.facts.formats.read_row import SourceRow

_BLANK = re.compile(r"[ \t\r\n]*")
_BEGINS = re.compile(r'\s*(?:\{\s*(?:["\'“”„«}/#]|$|\w+\s*:)|\[\s*(?:[{"\]/#]|\[\s*[\[{"\]]|\[?\s*$|\'))')


def begins_like_json(text: str) -> bool:
    """Return whether a text begins as JSON does, or has a line below comments that does."""
    rest = text.lstrip("\ufeff \t\r\n")
    if _BEGINS.match(rest):
        return True
    return any(re.match(r'\[?\{\s*"', line) for line in rest[:100_000].split("\n")[:50])


def read_json(text: str) -> list[SourceRow]:
    """Return the rows of JSON text; of JSON lines, a line that is not JSON is a row with its problem.

    Raises:
        BadInputError: it is not JSON; the text names line and column.
    """
    reader = _Reader(text)
    if not text.lstrip(" \t\r\n").startswith("["):
        rows, bad = reader.lines()
        if not bad:
            return _unwrapped(rows)
        try:
            return _unwrapped(reader.sequence())
        except JSONDecodeError as error:
            first = error
        except (RecursionError, ValueError) as error:
            raise BadInputError(f"not JSON: {_too_much(error)}") from error
        if _is_json_lines(text, rows, bad):
            return rows
    else:
        try:
            return _unwrapped(reader.sequence())
        except JSONDecodeError as error:
            first = error
        except (RecursionError, ValueError) as error:
            raise BadInputError(f"not JSON: {_too_much(error)}") from error
    at, why = explain(text, first)
    line, column = _where(text, at)
    if at >= len(text.rstrip()):
        why = "the file ends in the middle of a value; it may have been cut off"
    elif text[at] == "," and why == NO_VALUE:
        why = "a comma between two rows; take it out, or put all rows between [ and ]"
    raise BadInputError(f"line {line}, column {column}: not JSON ({why})")


def is_message(value: object) -> bool:
    """Return whether a value is one message of a chat."""
    return isinstance(value, dict) and (
        ("role" in value and bool({"content", "tool_calls", "parts"} & set(value))) or {"from", "value"} <= set(value)
    )


def _is_json_lines(text: str, rows: list[SourceRow], bad: list[SourceRow]) -> bool:
    """Return whether a text with lines that are not JSON is meant as JSON lines all the same."""
    lines = [line for line in text.split("\n") if line.strip()]
    good = sum(isinstance(row.value, dict) for row in rows)
    objects = sum(line.startswith("{") for line in lines)
    return 0 < good <= objects and (good > len(bad) or objects == len(lines))


def _null(_: str) -> None:
    """Read NaN and Infinity, which JSON does not have and pandas writes for what is missing, as null."""


def _float(digits: str) -> float | None:
    """Read a number that no float can hold (1e999), and that no JSON can be written of, as null."""
    number = float(digits)
    return number if math.isfinite(number) else None


class _Reader:
    """Decodes the values of a text, and sees keys that stand twice in an object."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._twice: list[str] = []
        self._too_long = False
        self._scan = json.JSONDecoder(
            object_pairs_hook=self._object, parse_constant=_null, parse_float=_float, parse_int=self._int
        ).raw_decode
        self._line, self._at = 1, 0

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for key, value in pairs:
            if key in row and row[key] != value:
                self._twice.append(key)
            row[key] = value
        return row

    def _begin(self) -> None:
        """Forget what was wrong with the value before."""
        self._twice.clear()
        self._too_long = False

    def _int(self, digits: str) -> int | None:
        # One number that Python refuses is the problem of its row, not of the file.
        try:
            return int(digits)
        except ValueError:
            self._too_long = True
            return None

    def lines(self) -> tuple[list[SourceRow], list[SourceRow]]:
        """Return (a row for each line that is not blank, those of them that are not JSON)."""
        rows: list[SourceRow] = []
        bad: list[SourceRow] = []
        for number, line in enumerate(self._text.split("\n"), 1):
            if not line.strip():
                continue
            self._begin()
            try:
                value, end = self._scan(line, _skip(line, 0))
                if (end := _skip(line, end)) < len(line):
                    raise JSONDecodeError("Extra data", line, end)
            except JSONDecodeError as error:
                at, why = explain(line, error)
                bad.append(SourceRow(len(rows) + 1, number, None, f"not JSON at column {at + 1} ({why})"))
                rows.append(bad[-1])
            except (RecursionError, ValueError) as error:
                bad.append(SourceRow(len(rows) + 1, number, None, f"not JSON ({_too_much(error)})"))
                rows.append(bad[-1])
            else:
                self._add(rows, value, number)
        return rows, bad

    def sequence(self) -> list[SourceRow]:
        """Return the rows of all values, one after the other; those of a list are its elements."""
        rows: list[SourceRow] = []
        at = _skip(self._text, 0)
        while at < len(self._text):
            begin = at
            if self._text[at] == "[":
                found, at = self._list(at)
                if found and all(is_message(row.value) for row in found):
                    rows.append(SourceRow(len(rows) + 1, found[0].line, {"messages": [row.value for row in found]}))
                else:
                    rows += [row._replace(number=number) for number, row in enumerate(found, len(rows) + 1)]
            else:
                self._begin()
                value, at = self._scan(self._text, at)
                self._add(rows, value, self._line_at(begin))
            at = _skip(self._text, at)
        return rows

    def _list(self, at: int) -> tuple[list[SourceRow], int]:
        rows: list[SourceRow] = []
        at = _skip(self._text, at + 1)
        while self._text[at : at + 1] != "]":
            if rows:
                if self._text[at : at + 1] != ",":
                    raise JSONDecodeError("Expecting ',' delimiter", self._text, at)
                at = _skip(self._text, at + 1)
            self._begin()
            value, end = self._scan(self._text, at)
            rows.append(self._row(value, self._line_at(at), len(rows) + 1))
            at = _skip(self._text, end)
        return rows, at + 1

    def _add(self, rows: list[SourceRow], value: object, line: int) -> None:
        """Add a value to the rows; of a list its elements, unless they are the messages of one chat."""
        if isinstance(value, list) and value and not all(is_message(one) for one in value):
            rows += [self._row(one, line, number) for number, one in enumerate(value, len(rows) + 1)]
        else:
            rows.append(self._row(value, line, len(rows) + 1))

    def _row(self, value: object, line: int, number: int) -> SourceRow:
        if self._too_long:
            return SourceRow(number, line, None, "not JSON (a number with too many digits)")
        if self._twice:
            return SourceRow(number, line, None, f'the key "{self._twice[0]}" appears twice, with different values')
        if isinstance(value, list) and value and all(is_message(one) for one in value):
            value = {"messages": value}
        return SourceRow(number, line, value)

    def _line_at(self, at: int) -> int:
        self._line += self._text.count("\n", self._at, at)
        self._at = at
        return self._line


def _unwrapped(rows: list[SourceRow]) -> list[SourceRow]:
    """Return the rows within the only value of a file: of SQuAD's nested files, and of `{"data": [ … ]}`."""
    if len(rows) != 1 or not isinstance(rows[0].value, dict):
        return rows
    if by_column := _by_column(rows[0].value):
        return [SourceRow(number, rows[0].line, value) for number, value in enumerate(by_column, 1)]
    named = [(key, value) for key, value in rows[0].value.items() if isinstance(value, list) and value]
    if any(fold_key(key) in CHAT_KEYS for key, _ in named):
        return rows  # the messages of a chat are no rows, and what stands beside them belongs to it
    lists = [value for _, value in named]
    if len(lists) != 1 or not all(isinstance(one, dict) and not is_message(one) for one in lists[0]):
        return rows
    found = [one["row"] if set(one) >= {"row", "row_idx"} else one for one in lists[0]]
    flat = [
        {"question": item.get("question"), "context": part.get("context"), **item}
        for one in found
        for part in _dicts(one.get("paragraphs"))
        for item in _dicts(part.get("qas"))
    ]
    if flat or not {"question", "answer", "prompt", "instruction"} & set(rows[0].value):
        return [SourceRow(number, rows[0].line, value) for number, value in enumerate(flat or found, 1)]
    return rows


def _by_column(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table that was written column by column; empty for anything else.

    pandas' `to_json` gives each column as an object with the numbers of the rows as keys, its `orient="split"` the
    names of the columns beside lists of cells; others give each column as a list.
    """
    names, cells = table.get("columns"), table.get("data")
    if isinstance(names, list) and isinstance(cells, list) and all(isinstance(name, str) for name in names):
        whole = cells and all(isinstance(row, list) and len(row) == len(names) for row in cells)
        return [dict(zip(names, row, strict=True)) for row in cells] if whole else []
    columns = list(table.values())
    if all(isinstance(column, dict) and column and all(map(str.isdecimal, column)) for column in columns):
        if any(list(column) != list(columns[0]) for column in columns):
            return []
        columns = [list(column.values()) for column in columns]
    if len(columns) < 2 or not all(isinstance(one, list) and len(one) == len(columns[0]) > 0 for one in columns):
        return []
    if any(is_message(cell) for column in columns for cell in column):
        return []
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _where(text: str, at: int) -> tuple[int, int]:
    """Return (line, column) of a position, both from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _too_much(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else "a number with too many digits"
