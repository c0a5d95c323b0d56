"""Facts from files of other programs: JSON of any shape, CSV, Parquet, chats, plain sentences; detected by content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.formats import file_kind
from garage_tui.core.facts.formats.csv_table import CsvTable, is_table, looks_like_csv
from garage_tui.core.facts.formats.json_values import begins_like_json, read_json
from garage_tui.core.facts.formats.labelled_text import labelled_rows
from garage_tui.core.facts.formats.left_out_rows import best_rating
from garage_tui.core.facts.formats.other_keys import fold_key
from garage_tui.core.facts.formats.parquet_rows import MAGIC, read_parquet
from garage_tui.core.facts.formats.read_row import (
    Columns,
    Format,
    NoQuestionError,
    RowRefusedError,
    SourceRow,
    UnknownColumnsError,
)
from garage_tui.core.facts.formats.row_reader import read_row
from garage_tui.core.facts.formats.sentences import (
    Sentence,
    is_question,
    is_sentence,
    may_be_sentence,
    sentences,
)
from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.language.fold import fold

_TABLES = (".csv", ".tsv", ".tab")
_YAML = (".yaml", ".yml")
_JSON = (".json", ".jsonl", ".ndjson", ".jsonlines")


@dataclass
class ImportedFacts:
    """The facts of a file in another format."""

    kind: str = ""
    """What the file was read as, for a person: "CSV with semicolons"."""
    facts: list[Fact] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What was left out, each with its row and the reason: "row 3 (line 4): …"."""
    notices: list[str] = field(default_factory=list)
    """What was taken, but should be looked at, each with its row."""
    columns: list[str] = field(default_factory=list)
    """The names of the columns of a table, or the keys of the rows."""


def read(
    data: bytes,
    name: str = "",
    form: Format | None = None,
    columns: Columns = Columns(),  # noqa: B008 (frozen)
) -> ImportedFacts:
    """Return the facts in `data`; what is left out is listed with the reason. It takes a moment: not on the event loop.

    Args:
        name: the name of the file; its ending decides only where the content can be read in two ways.
        form: the format; detected by default.
        columns: the columns or keys of question and answer, where somebody named them.

    Raises:
        UnknownColumnsError: it must be said which columns are question and answer.
        BadInputError: it is no facts file, or cannot be read as the format; the text says where.
    """
    if data[:4] == MAGIC:
        return _rows(ImportedFacts("Parquet"), read_parquet(data), None if form == "csv" else form, columns)
    file_kind.check_binary(data)
    text = file_kind.decode(data)
    if not text.strip("\ufeff \t\r\n"):
        raise BadInputError("the file is empty; there is nothing to import")
    ending = PurePath(name).suffix.casefold()
    if form == "text":
        return _text(text)
    if form == "csv" or (form and ending in _TABLES and not begins_like_json(text)):
        return _table(text, None if form == "csv" else form, columns)
    if form:
        return _rows(ImportedFacts(f"JSON ({form})"), read_json(text), form, columns)
    is_json = begins_like_json(text)
    file_kind.check_text(text, lines=not is_json and ending not in _TABLES, yaml=ending in _YAML)
    if is_json or ending in _JSON:
        return _rows(ImportedFacts("JSON"), _questions_as_keys(read_json(text.lstrip("\ufeff"))), None, columns)
    if ending in _TABLES or columns or looks_like_csv(text):
        return _table(text, None, columns)
    if labelled := labelled_rows(text):
        form = "messages" if "messages" in (labelled[0].value or {}) else "facts"
        kind = "text with User: and Assistant:" if form == "messages" else "text with Q: and A:"
        return _rows(ImportedFacts(kind), labelled, form, columns)
    pieces = sentences(text)
    if 3 * sum(is_question(piece.text) for piece in pieces) > len(pieces) and not is_table(text):
        why = "it has questions, but does not say which lines are their answers"
        raise BadInputError(f"{why}: write Q: before each question and A: before each answer; {file_kind.AS_TEXT}")
    if 2 * sum(is_sentence(piece.text) for piece in pieces) >= max(1, len(pieces)):
        return _sentences(pieces)
    if is_table(text):
        return _table(text, None, columns)
    example = one_line(pieces[0].text if pieces else text.strip(), 60)
    why = f'no format is recognised: not JSON, not CSV with a question and an answer, no sentences ("{example}")'
    raise BadInputError(f"{why}; {file_kind.AS_TEXT}")


def only_new(found: Iterable[Fact], lines: Iterable[Line]) -> list[Fact]:
    """Return the facts, each once, whose question and answer no line has, whatever their case and spaces."""
    known = {_folded(line.fact) for line in lines if line.fact}
    new: dict[tuple[str, str], Fact] = {}
    for fact in found:
        if (key := _folded(fact)) not in known:
            new.setdefault(key, fact)
    return list(new.values())


def _folded(fact: Fact) -> tuple[str, str]:
    return fold(fact.question), fold(fact.answer)


def _table(text: str, form: Format | None, columns: Columns) -> ImportedFacts:
    table = CsvTable(text, columns)
    named = {"\t": "tabs", ";": "semicolons", ",": "commas"}.get(table.delimiter, table.delimiter)
    found = ImportedFacts(f"CSV with {named}", notices=table.notices, columns=table.header)
    return _rows(found, list(table.rows()), form, table.columns, keys="csv")


def _rows(
    found: ImportedFacts, rows: list[SourceRow], form: Format | None, columns: Columns, keys: Format | None = None
) -> ImportedFacts:
    best, unknown = best_rating(row.value for row in rows), 0
    for row in rows:
        try:
            if row.problem:
                raise RowRefusedError(row.problem)
            reading = read_row(row.value, form, columns, best_rating=best, keys=keys)
        except RowRefusedError as error:
            unknown += isinstance(error, NoQuestionError)
            found.problems.append(f"{row.label}: {error}")
            continue
        found.facts += [Fact(fact.question, fact.answer, _in_our_case(fact.extra)) for fact in reading.facts]
        found.problems += [f"{row.label}: {text}" for text in reading.left_out]
        found.notices += [f"{row.label}: {text}" for text in reading.notices]
        found.notices += [f"{row.label}: {text}" for fact in found.facts[-1:] for text in _unclear(fact)]
    if not found.columns:
        dicts = (row.value for row in rows[:100] if isinstance(row.value, dict))
        found.columns = list(dict.fromkeys(key for value in dicts for key in value if isinstance(value[key], str)))
    if rows and unknown == len(rows) and len(found.columns) > 1:
        raise UnknownColumnsError(found.columns, found.problems[0])
    return found


def _questions_as_keys(rows: list[SourceRow]) -> list[SourceRow]:
    """Return rows for an object whose keys are questions and whose values are answers; any other rows as they are."""
    value = rows[0].value if len(rows) == 1 else None
    if not isinstance(value, dict) or not value:
        return rows
    if not all(is_question(key) and isinstance(answer, str) for key, answer in value.items()):
        return rows
    return [
        SourceRow(number, rows[0].line, {"question": question, "answer": answer})
        for number, (question, answer) in enumerate(value.items(), 1)
    ]


def _unclear(fact: Fact) -> Iterator[str]:
    """Yield what a row says of `exam` and `must` that is neither one thing nor the other."""
    exam, must = fact.extra.get("exam"), fact.extra.get("must")
    if exam is not None and not isinstance(exam, bool):
        yield f'"exam" is {_in_json(exam)}, which says neither yes nor no, so the row is taught'
    if must is not None and not fact.must:
        yield f'"must" is {_in_json(must)}, which is no list of words, so it is ignored'


def _in_json(value: object) -> str:
    return one_line(json.dumps(value, ensure_ascii=False), 60)


def _in_our_case(extra: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a row with those of ours, as `Exam` or `Fact`, in lower case, and without those of null."""
    kinds: dict[str, type] = {"exam": bool, "fact": str, "must": list}
    # A table that has the column has it in each row, with null where there is no value.
    given = {key: value for key, value in extra.items() if value is not None or fold_key(key) not in kinds}
    names = {
        key: folded
        for key, value in given.items()
        if (folded := fold_key(key)) in kinds and folded not in given and isinstance(value, kinds[folded])
    }
    return {names.get(key, key): value for key, value in given.items()}


def _text(text: str) -> ImportedFacts:
    return ImportedFacts("text", [_statement(sentence.text) for sentence in sentences(text)])


def _sentences(pieces: list[Sentence]) -> ImportedFacts:
    """Return the sentences of a text that mostly has sentences; what is none is left out and named."""
    found = ImportedFacts("sentences")
    for piece in pieces:
        if is_question(piece.text):
            found.problems.append(f'line {piece.line}: a question without an answer ("{one_line(piece.text, 60)}")')
        elif may_be_sentence(piece.text):
            found.facts.append(_statement(piece.text))
        else:
            found.problems.append(f'line {piece.line}: not a sentence ("{one_line(piece.text, 60)}")')
    return found


def _statement(sentence: str) -> Fact:
    return Fact("", sentence, {"fact": sentence})
