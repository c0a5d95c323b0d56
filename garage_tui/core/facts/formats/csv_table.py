"""The rows of a CSV file: its delimiter, the row that names the columns, and cells that belong together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.formats.csv_records import CsvRecord, records
from garage_tui.core.facts.formats.other_keys import ANSWER_KEYS, CHAT_KEYS, OTHER_KEYS, QUESTION_KEYS, fold_key
from garage_tui.core.facts.formats.read_row import Columns, SourceRow, UnknownColumnsError
from garage_tui.core.facts.must_text import must_from_text

META_KEYS = ("fact", "exam", "must", "system", OTHER_KEYS)
"""Columns of our own; they are found in any case, as those of question and answer are."""
_DELIMITERS = ("\t", ";", ",", "|")
_MAX_TITLES = 10
_TRUE, _FALSE = ("true", "yes", "1", "x", "y"), ("false", "no", "0", "n")
_SEP = re.compile(r"\s*\"?sep=(.)\"?[ \t]*(?:\r\n|\r|\n|$)", re.IGNORECASE)


class CsvTable:
    """A CSV file as a table.

    Args:
        text: the file.
        columns: which columns are question and answer, where somebody said it; a name, or a number from 1.

    Raises:
        UnknownColumnsError: it must be said which columns are question and answer.
    """

    def __init__(self, text: str, columns: Columns = Columns()) -> None:  # noqa: B008 (frozen)
        self.notices: list[str] = []
        first_line = 1
        if found := _SEP.match(text):
            text, self.delimiter, first_line = text[found.end() :], found[1], 2
        else:
            self.delimiter = _delimiter(text, columns)
        self._records = list(records(text, self.delimiter, first_line))
        self.columns = columns
        self.header: list[str] = []
        self._begin = self._find_header()

    def _find_header(self) -> int:
        """Set the names of the columns, and return the position of the first record below them."""
        readable = [record for record in self._records[:_MAX_TITLES] if record.cells]
        if not readable:
            self.header = ["question", "answer"]
            return 0
        for at, record in enumerate(self._records[:_MAX_TITLES]):
            if _is_header(record.cells, self.columns):
                for title in self._records[:at]:
                    what = title.problem or f'"{one_line(title.raw, 60)}"'
                    self.notices.append(f"line {title.line} is above the names of the columns, and left out: {what}")
                self.header = _names(record.cells)
                if not self.columns and (twice := _twice(record.cells)):
                    raise UnknownColumnsError(self.header, f'two columns are named "{twice}"')
                self.columns = _named(self.columns, self.header)
                return at + 1
        first = readable[0].cells
        if len(first) == 2 and not self.columns and _is_data(first):
            self.header = ["question", "answer"]
            return 0
        if self.columns and all(_is_number(name, len(first)) for name in (self.columns.question, self.columns.answer)):
            data = _is_data(first)
            self.header = _numbered(first) if data else _names(first)
            self.columns = _named(self.columns, self.header)
            return 0 if data else self._records.index(readable[0]) + 1
        if self.columns:
            folded = [fold_key(cell) for cell in first]
            given = [name for name in (self.columns.question, self.columns.answer) if name]
            missing = [name for name in given if fold_key(name) not in folded and not _is_number(name, len(first))]
            why = f'no column is named "{one_line((missing or given)[0], 40)}"'
            raise UnknownColumnsError(_numbered(first) if _is_data(first) else _names(first), why)
        if _is_data(first):
            raise UnknownColumnsError(_numbered(first), "no row names the columns")
        raise UnknownColumnsError(_names(first), "no columns are named question and answer")

    def rows(self) -> Iterator[SourceRow]:
        """Give the rows, each as an object with the names of the columns as keys; all its values are text but ours."""
        for number, record in enumerate(self._records[self._begin :], 1):
            cells, problem = self._cells(record)
            if problem:
                yield SourceRow(number, record.line, None, problem)
                continue
            if record.spaced:
                cells = [cell.lstrip(" ") for cell in cells]
            if self.delimiter == "|":  # drawn as a table, with spaces that belong to no text
                cells = [cell.strip() for cell in cells]
            row = {name: read_cell(name, cell) for name, cell in zip(self.header, cells, strict=False) if cell}
            yield SourceRow(number, record.line, row)

    def _cells(self, record: CsvRecord) -> tuple[list[str], str]:
        """Return (the cells of a record, as many as there are columns; or why that cannot be)."""
        if record.problem:
            return [], record.problem
        cells, width = record.cells, len(self.header)
        if cells == self.header:
            return [], "it repeats the names of the columns"
        while len(cells) > width and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) > width and '"' not in record.raw:
            cells = _joined(cells, width, self.delimiter) or cells
        if len(cells) > width:
            what = f"{len(cells)} cells, but {width} columns"
            return [], f"{what}; put a text that contains {_name(self.delimiter)} in double quotes"
        return cells, ""


def looks_like_csv(text: str) -> bool:
    """Return whether one of the first rows names columns as question and answer, or the first is `sep=`."""
    head = "".join(text.splitlines(keepends=True)[:_MAX_TITLES])
    if _SEP.match(text):
        return True
    return any(
        _is_header(record.cells, Columns())
        for delimiter in _DELIMITERS
        for record in islice(records(head, delimiter), _MAX_TITLES)
    )


def is_table(text: str) -> bool:
    """Return whether a delimiter parts all of the first lines into as many cells, and the first of them are questions.

    Two short cells in the first line are the names of columns, whatever is below.
    """
    lines = [line for line in text.splitlines()[: 2 * _MAX_TITLES] if line.strip()]
    delimiter = _delimiter(text, Columns())
    rows = [line.split(delimiter) for line in lines]
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return False
    return not _is_data(rows[0]) or 2 * sum(row[0].rstrip(' "').endswith(("?", "？")) for row in rows) >= len(rows)


def read_cell(name: str, text: str) -> Any:
    """Return what a cell holds: text, unless it is a column of ours or was written as JSON; numbers stay text."""
    if name == "exam":
        folded = text.strip().casefold()
        return True if folded in _TRUE else False if folded in _FALSE else text
    text = text.strip() if name == "must" else text
    if name == "must" and not text.startswith("["):
        try:  # what is no list of words is named below, and ends no other row
            return text if ";" in text else must_from_text(text)
        except BadInputError:
            return text
    if text[:1] in ("[", "{", '"') and fold_key(name) not in (*QUESTION_KEYS, *ANSWER_KEYS, "fact"):
        try:
            value = json.loads(text)
            # What is written in another way stays as it is: [1.10] is not [1.1].
            return value if name == "must" or json.dumps(value, ensure_ascii=False) == text else text
        except (ValueError, RecursionError):
            return text
    return text


def write_cell(name: str, value: object) -> str | None:
    """Return the cell from which `read_cell` reads the same value; None if there is none.

    A NUL stands in no cell: with one, the whole file is taken for binary data.
    """
    texts = [value] if isinstance(value, str) else ["true" if value else "false"] if isinstance(value, bool) else []
    try:
        texts.append(json.dumps(value, ensure_ascii=False))
        fit = (text for text in texts if text and "\0" not in name + text)
        return next((text for text in fit if _same(read_cell(name, text), value)), None)
    except (TypeError, ValueError, RecursionError):
        return None


def write_record(cells: Sequence[str]) -> str:
    """Return one record with its line end; a cell that needs quotes has them."""
    quoted = (f'"{cell.replace(chr(34), chr(34) * 2)}"' if re.search(r'[",\r\n]', cell) else cell for cell in cells)
    return ",".join(quoted) + "\n"


def _same(one: object, other: object) -> bool:
    return json.dumps(one, ensure_ascii=False) == json.dumps(other, ensure_ascii=False)


def _is_header(cells: Sequence[str], columns: Columns) -> bool:
    """Return whether a record names the columns: those of question and answer, or those that somebody named."""
    names = [fold_key(cell) for cell in cells]
    if columns:
        names += [fold_key(name) for name in _names(cells)]
        given = [name for name in (columns.question, columns.answer) if name]
        named = [name for name in given if not _position(name)]  # a number is a position, never a name
        return bool(named) and len(cells) > 1 and all(fold_key(name) in names for name in named)
    pair = set(names) & set(QUESTION_KEYS) and set(names) & {*ANSWER_KEYS, "answers"}
    other = (set(names) & {*CHAT_KEYS, "chosen"} or names == ["fact"]) and not any(" " in name for name in names)
    return bool(pair or other)


def _twice(cells: Sequence[str]) -> str:
    """Return the name of a question or an answer that two columns have; empty if none has."""
    names = [fold_key(cell) for cell in cells]
    return next((name for name in (*QUESTION_KEYS, *ANSWER_KEYS) if names.count(name) > 1), "")


def _numbered(cells: Sequence[str]) -> list[str]:
    """Return names for columns that have none."""
    return [f"column {number}" for number in range(1, len(cells) + 1)]


def _names(cells: Sequence[str]) -> list[str]:
    """Return a name for each column, none twice: ours in lower case, the others as they are written."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = fold_key(cell) if fold_key(cell) in META_KEYS else cell.lstrip("\ufeff")
        if fold_key(cell) in (*QUESTION_KEYS, *ANSWER_KEYS, "answers", *CHAT_KEYS):
            name = fold_key(cell)
        if not name.strip():
            name = f"column {number}"
        if name in names:
            name = f"{name} (column {number})"
        names.append(name)
    return names


def _named(columns: Columns, header: Sequence[str]) -> Columns:
    """Return the chosen columns by the names that they have in the table."""

    def name(given: str) -> str:
        if _position(given):
            return header[_position(given) - 1] if _is_number(given, len(header)) else given
        return next((one for one in header if fold_key(one) == fold_key(given)), given)

    return Columns(name(columns.question), name(columns.answer))


def _is_number(name: str, most: int) -> bool:
    return not name or 1 <= _position(name) <= most


def _position(name: str) -> int:
    """Return the number of a column, from 1, that stands for its name: `2` or `column 2`; 0 if it is a name."""
    found = re.fullmatch(r"(?:column )?(\d{1,6})", name, re.ASCII)
    return int(found[1]) if found else 0


def _is_data(cells: Sequence[str]) -> bool:
    """Return whether a record is a row rather than the names of the columns."""
    return any(re.search(r"[?.!。？！]\s*$", cell) or len(cell.split()) > 3 for cell in cells) and all(
        cell.strip() for cell in cells
    )


def _joined(cells: list[str], width: int, delimiter: str) -> list[str] | None:
    """Return cells that were parted by delimiters of the text, put together again; None if that can be read twice."""
    parts: list[str] = [cells[0]]
    for cell in cells[1:]:  # a delimiter before a space is part of a text
        if cell[:1].isspace():
            parts[-1] += delimiter + cell
        else:
            parts.append(cell)
    by_space = parts if len(parts) == width and delimiter != "\t" else None
    by_question = None
    if width == 2:
        ends = [at for at in range(1, len(cells)) if cells[at - 1].rstrip().endswith(("?", "？"))]
        if len(ends) == 1:
            by_question = [delimiter.join(cells[: ends[0]]), delimiter.join(cells[ends[0] :])]
    if by_space and by_question and by_space != by_question:
        return None
    return by_question or by_space


def _delimiter(text: str, columns: Columns) -> str:
    """Return the delimiter with which a row names the columns; else the one that parts the first rows alike."""
    head = "".join(text.splitlines(keepends=True)[: 2 * _MAX_TITLES])
    best, score = ",", (0, 0.0, 0)
    for delimiter in _DELIMITERS:
        found = [record.cells for record in islice(records(head, delimiter), _MAX_TITLES) if record.cells]
        if not found or max(map(len, found)) < 2:
            continue
        header = any(_is_header(cells, columns) for cells in found)
        alike = sum(len(cells) == len(found[0]) and len(cells) > 1 for cells in found) / len(found)
        if (this := (int(header), alike, -_DELIMITERS.index(delimiter))) > score or (not score[2] and not score[0]):
            best, score = delimiter, this
    return best


def _name(delimiter: str) -> str:
    return {"\t": "a tab", ";": "a semicolon", ",": "a comma"}.get(delimiter, delimiter)
