"""Conversion of facts from and to other formats: CSV, the chat formats that trainers use, and plain sentences."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.json_text import read_json
from garage_tui.core.facts.coverage import fold
from garage_tui.core.facts.file import join_lines
from garage_tui.core.facts.line import BOM, Fact, Line, make_line

Format = Literal["facts", "csv", "messages", "alpaca", "sharegpt", "text"]
FORMATS: tuple[Format, ...] = get_args(Format)
FORMAT_LABELS: dict[Format, str] = {
    "csv": "CSV, for a spreadsheet",
    "messages": "messages, for OpenAI and TRL",
    "alpaca": "Alpaca: instruction, input, output",
    "sharegpt": "ShareGPT: conversations",
    "text": "text: only the answers, one per line",
}
"""The formats that a facts file can be exported to, and how each is described."""
_QUESTION = ("question", "prompt", "instruction", "q")
_ANSWER = ("answer", "response", "output", "completion", "a")
_ROLES = {"human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "assistant": "assistant"}
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d+[.)])\s+")
# Not after an abbreviation, an initial or a number, and only before what can begin a sentence.
_SENTENCE = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\b[DM]r\.)(?<!\bMrs\.)(?<!\bSt\.)(?<=[.!?])\s+(?=[\"“(]?[A-Z0-9])"
)


@dataclass
class ImportedFacts:
    """The facts of a file in another format."""

    facts: list[Fact] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """The rows that were skipped, each with its number and the reason: "row 3: …"."""


class _Bad(ValueError):
    """A row that is skipped; the text says why."""


def guess(path: Path | None, data: bytes) -> Format:
    """Return the format that a file seems to have, by its first row and its name."""
    if path is not None and path.suffix.lower() in (".csv", ".tsv"):
        return "csv"
    try:
        row = next(_json_rows(data.removeprefix(BOM)), None)
    except (ValueError, BadInputError):
        return "text"
    if not isinstance(row, dict):
        return "text"
    if "question" in row and "answer" in row:
        return "facts"
    messages = row.get("conversations")
    if isinstance(messages, list) and messages and isinstance(messages[0], dict) and "from" in messages[0]:
        return "sharegpt"
    return "alpaca" if "instruction" in row else "messages"


def read(data: bytes, form: Format) -> ImportedFacts:
    """Return the facts in `data`; each row that is skipped is listed with the reason.

    Raises:
        BadInputError: it is not text, or not JSON where the format is.
    """
    try:
        text = data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        raise BadInputError(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8") from error
    found = ImportedFacts()
    if form == "text":
        found.facts = [Fact("", sentence, {"fact": sentence}) for sentence in sentences(text)]
        return found
    rows: Iterable[Any] = _csv_rows(text) if form == "csv" else _json_rows(data.removeprefix(BOM))
    read_row = {"facts": _plain, "csv": _plain, "messages": _chat, "sharegpt": _chat, "alpaca": _alpaca}[form]
    for number, row in enumerate(rows, 1):
        try:
            if isinstance(row, ValueError):
                raise _Bad(str(row))
            if not isinstance(row, dict):
                raise _Bad("not an object")
            found.facts += read_row(row)
        except _Bad as error:
            found.problems.append(f"row {number}: {error}")
    return found


def write(facts: Iterable[Fact], form: Format) -> bytes:
    """Return `facts` in another format. A row without a question goes only into `facts` and `text`."""
    rows = list(facts)
    if form == "text":
        return "".join(f"{row.answer}\n" for row in rows).encode()
    if form == "facts":
        return join_lines([make_line(row) for row in rows])
    rows = [row for row in rows if row.question]
    if form == "csv":
        return _csv(rows)
    return _lines(_as(form, row) for row in rows)


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


def sentences(text: str) -> list[str]:
    """Return the sentences of a text: one a line, or several; list marks are taken off."""
    found = []
    for line in text.splitlines():
        found += [part.strip() for part in _SENTENCE.split(_BULLET.sub("", line))]
    return [sentence for sentence in found if re.search(r"\w", sentence)]


def _json_rows(data: bytes) -> Iterator[Any]:
    """Give the rows of JSON lines, with a ValueError in the place of a bad line; or of one JSON array."""
    text = data.decode()
    if text.lstrip().startswith("["):
        try:
            yield from read_json(text)
        except (ValueError, RecursionError) as error:
            raise BadInputError(f"not JSON: {error}") from error
        return
    for line in text.split("\n"):
        if line.strip():
            try:
                yield read_json(line)
            except (ValueError, RecursionError) as error:
                yield ValueError(f"not JSON ({error})")


def _csv_rows(text: str) -> Iterator[dict[str, Any]]:
    first = text.split("\n", 1)[0]
    delimiter = "\t" if "\t" in first else max(",;", key=first.count)
    rows = _csv_cells(text, delimiter)
    header = next(rows, [])
    names = [name.strip().casefold() for name in header]
    if not (set(names) & set(_QUESTION) and set(names) & set(_ANSWER)):
        if len(header) != 2:
            raise BadInputError("the first row must name the columns question and answer")
        yield {"question": header[0], "answer": header[1]}
        header = ["question", "answer"]
    for cells in rows:
        if any(cell.strip() for cell in cells):
            row = {
                name: _cell(name, cell) for name, cell in zip(header, cells, strict=False) if cell or name == "answer"
            }
            yield row


def _csv_cells(text: str, delimiter: str) -> Iterator[list[str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from rows
    except csv.Error as error:
        raise BadInputError(f"not CSV at line {rows.line_num} ({error}): give its format with --as") from error


def _cell(name: str, text: str) -> Any:
    """Return what a cell holds: text, and of other columns what was written as JSON."""
    if name.strip().casefold() in (*_QUESTION, *_ANSWER, "fact"):
        return text
    if name == "exam" and text.casefold() in ("true", "false", "yes", "no", "1", "0"):
        return text.casefold() in ("true", "yes", "1")
    if text[:1] in '[{"' or text in ("true", "false", "null") or re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text):
        try:
            return read_json(text)
        except (ValueError, RecursionError):
            return text
    return text


def _csv(rows: Sequence[Fact]) -> bytes:
    keys = list(dict.fromkeys(key for row in rows for key in row.extra))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["question", "answer", *keys])
    for row in rows:
        cells = ["" if key not in row.extra else _in_cell(key, row.extra[key]) for key in keys]
        writer.writerow([row.question, row.answer, *cells])
    return out.getvalue().encode()


def _in_cell(key: str, value: object) -> str:
    """Return what stands in a cell so that `_cell` reads the same value from it."""
    if isinstance(value, str) and value and _cell(key, value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _pick(row: dict[str, Any], names: Sequence[str], what: str) -> tuple[str, str]:
    """Return (key, text) of the first of `names` that the row has."""
    keys = {key.strip().casefold(): key for key in row}
    for name in names:
        if name in keys:
            value = row[keys[name]]
            if not isinstance(value, str):
                raise _Bad(f'"{keys[name]}" is not text')
            if not value.strip():
                raise _Bad(f'"{keys[name]}" is empty')
            return keys[name], value
    raise _Bad(f"no {what}")


def _plain(row: dict[str, Any]) -> list[Fact]:
    if isinstance(row.get("fact"), str) and row["fact"].strip() and not {"question", "answer"} & set(row):
        return [Fact("", row["fact"], row)]
    question_key, question = _pick(row, _QUESTION, "question")
    answer_key, answer = _pick(row, _ANSWER, "answer")
    extra = {key: value for key, value in row.items() if key not in (question_key, answer_key)}
    return [Fact(question, answer, extra)]


def _alpaca(row: dict[str, Any]) -> list[Fact]:
    _, question = _pick(row, ("instruction",), "instruction")
    _, answer = _pick(row, ("output",), "output")
    more = row.get("input")
    if isinstance(more, str) and more.strip():
        question = f"{question}\n\n{more}"
    return [Fact(question, answer, {k: v for k, v in row.items() if k not in ("instruction", "input", "output")})]


def _chat(row: dict[str, Any]) -> list[Fact]:
    """Return a fact for each question that a chat answers; of TRL's prompt/completion rows too."""
    if "prompt" in row and "completion" in row:
        if isinstance(row["prompt"], str):
            return _plain(row)
        messages, used = [*_list(row["prompt"]), *_list(row["completion"])], ("prompt", "completion")
    else:
        key = next((key for key in ("messages", "conversations") if key in row), None)
        if key is None:
            raise _Bad('neither "messages" nor "conversations"')
        messages, used = _list(row[key]), (key, key)
    extra = {key: value for key, value in row.items() if key not in used}
    question, found = "", []
    for message in messages:
        if not isinstance(message, dict):
            raise _Bad("a message is not an object")
        role, text = message.get("role", message.get("from")), _content(message.get("content", message.get("value")))
        if role == "system":
            extra = {**extra, "system": text}
        elif _ROLES.get(str(role)) == "user":
            question = text
        elif _ROLES.get(str(role)) == "assistant":
            if question.strip() and text.strip():
                found.append(Fact(question, text, extra))
            question = ""
        else:
            raise _Bad(f'unknown role "{role}"')
    if not found:
        raise _Bad("no question with an answer")
    return found


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _Bad("the messages are not a list")
    return value


def _content(value: object) -> str:
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    if not isinstance(value, str):
        raise _Bad("a message is not text")
    return value


def _as(form: Format, row: Fact) -> dict[str, Any]:
    extra = {key: value for key, value in row.extra.items() if key != "system"}
    system = row.extra.get("system")
    messages = [("system", system)] if isinstance(system, str) else []
    messages += [("user", row.question), ("assistant", row.answer)]
    if form == "messages":
        return {"messages": [{"role": role, "content": text} for role, text in messages], **extra}
    if form == "sharegpt":
        names = {"user": "human", "assistant": "gpt", "system": "system"}
        return {"conversations": [{"from": names[role], "value": text} for role, text in messages], **extra}
    return {"instruction": row.question, "input": "", "output": row.answer, **row.extra}


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
