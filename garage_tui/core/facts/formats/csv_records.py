"""The records of CSV text, each with its line; one with a stray quote is read whole or named, and ends no other."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_HEAD = 20
"""Lines that show how a file is written."""


class CsvRecord(NamedTuple):
    """One record: its cells, or why it cannot be read."""

    line: int
    """Where it begins, from 1."""
    raw: str
    cells: list[str]
    problem: str = ""
    spaced: bool = False
    """Blanks at the beginning of its cells belong to no text; they are there, as they may show where a text goes on."""


class _Lines:
    """Gives lines to a reader, and knows how many it took."""

    def __init__(self, lines: Sequence[str], at: int) -> None:
        self._lines, self.at = lines, at

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.at >= len(self._lines):
            raise StopIteration
        self.at += 1
        return self._lines[self.at - 1]


def records(text: str, delimiter: str, first_line: int = 1) -> Iterator[CsvRecord]:
    """Give the records that are not blank.

    A file that is written with blanks after its delimiters (`"question", "answer"`) has its cells without them.

    Args:
        first_line: the number of the text's first line.
    """
    lines = list(io.StringIO(text, newline=""))  # ends at \n, \r\n and \r, and keeps them
    at, columns, spaced = 0, 0, delimiter != "\t" and _is_spaced(lines[:_HEAD], delimiter)
    while at < len(lines):
        source = _Lines(lines, at)
        reader = csv.reader(source, delimiter=delimiter, strict=True, skipinitialspace=spaced)
        begin = at
        try:
            for cells in reader:
                raw = "".join(lines[begin : source.at])
                if any(cell.strip() for cell in cells):
                    columns = columns or len(cells)
                    if spaced and '"' not in raw:
                        yield CsvRecord(begin + first_line, raw, raw.rstrip("\r\n").split(delimiter), spaced=True)
                    else:
                        yield CsvRecord(begin + first_line, raw, cells)
                begin = source.at
            return
        except csv.Error as error:
            record, at = _broken(lines, begin, delimiter, columns, str(error))
            yield record._replace(line=begin + first_line, spaced=spaced)


def _is_spaced(lines: Sequence[str], delimiter: str) -> bool:
    """Return whether a blank after a delimiter belongs to no text: one stands before a cell in quotes, or before every
    cell but the first of the first line.
    """
    end = rf"{re.escape(delimiter)}|\r\n|\r|\n|\Z"
    cell = re.compile(rf'( *)(?:("(?:[^"]|"")*+") *(?={end})|[^\r\n{re.escape(delimiter)}]*)({end})')
    text, at, first = "".join(lines), 0, list[bool]()
    on_first = True
    while at < len(text) and (found := cell.match(text, at)):
        blank, quoted, at = bool(found[1]), bool(found[2]), found.end()
        if blank and quoted and found.start() > 0:
            return True
        if on_first:
            first.append(blank)
        on_first = on_first and found[3] == delimiter
    return len(first) > 1 and all(first[1:])


def _broken(lines: Sequence[str], at: int, delimiter: str, columns: int, error: str) -> tuple[CsvRecord, int]:
    """Return (the record at a line that cannot be read as it is, where the next one begins)."""
    line = lines[at].rstrip("\r\n")
    if "field larger" in error:
        return CsvRecord(0, line, [], "a cell is longer than 131,072 characters"), at + 1
    if line.count('"') % 2 == 0:
        cells = line.split(delimiter)
        if len(cells) == columns and not any(cell.startswith('"') and cell.endswith('"') for cell in cells):
            return CsvRecord(0, line, cells), at + 1  # its quotes are part of the text
        why = 'a quote within a text in quotes; write it twice ("")'
        return CsvRecord(0, line, [], why), at + 1
    # The quote may end on a later line: what lies between may be text or rows, so none of it is taken.
    end = next((number for number in range(at + 1, len(lines)) if lines[number].count('"') % 2), None)
    if end is None:
        return CsvRecord(0, line, [], "a quote begins here and is not closed; close it, or take it out"), at + 1
    raw = "".join(lines[at : end + 1])
    span = f"this and the next {end - at} lines" if end - at > 1 else "this and the next line"
    return CsvRecord(0, raw, [], f"{span} have quotes that do not match, so none of them is read"), end + 1
