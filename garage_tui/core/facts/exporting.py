"""Facts in formats that other programs read; what they cannot hold goes along under `other_keys`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.json_text import json_line
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.file import join_lines
from garage_tui.core.facts.formats.chat_rows import read_chat
from garage_tui.core.facts.formats.csv_table import META_KEYS, write_cell, write_record
from garage_tui.core.facts.formats.left_out_rows import best_rating, refused_keys
from garage_tui.core.facts.formats.other_keys import OTHER_KEYS, aside_of, bring_back, fold_key, without
from garage_tui.core.facts.formats.pair_rows import write_input
from garage_tui.core.facts.formats.read_row import Format, RowRefusedError
from garage_tui.core.facts.line import Fact, make_line

FORMAT_LABELS: dict[Format, str] = {
    "csv": "CSV, for a spreadsheet",
    "messages": "messages, for OpenAI and TRL",
    "alpaca": "Alpaca: instruction, input, output",
    "sharegpt": "ShareGPT: conversations",
    "text": "text: only the answers, one per line",
}
"""The formats that a facts file can be exported to, and how each is described."""


def write(facts: Iterable[Fact], form: Format) -> bytes:
    """Return `facts` in another format. A row without a question goes only into `facts` and `text`.

    Keys for which the import would leave a row out, such as a low `rating`, stand under `other_keys`.

    Raises:
        BadInputError: the format cannot hold a row; the text names it.
    """
    rows = list(facts)
    if form == "text":
        return "".join(f"{row.answer}\n" for row in rows).encode()
    if form == "facts":
        return join_lines([make_line(row) for row in rows])
    rows = [row for row in rows if row.question]
    best = best_rating(row.extra for row in rows)
    if form == "csv":
        _refuse_nul(rows)
        return _csv(rows, best).encode()
    make = _alpaca if form == "alpaca" else _chat
    return b"".join(json_line(make(form, row, refused_keys(row.extra, best))) + b"\n" for row in rows)


def _refuse_nul(rows: Sequence[Fact]) -> None:
    """Refuse rows with a NUL in question or answer, which stand in the file as they are: it would be binary data."""
    row = next((row for row in rows if "\0" in row.question + row.answer), None)
    if row:
        raise BadInputError(
            f'the row "{one_line(row.question or row.answer, 60)}" contains the control character NUL, which no CSV '
            "file can hold: take it out, or export as messages"
        )


def _alpaca(form: Format, row: Fact, refused: Sequence[str]) -> dict[str, Any]:
    question, extra = row.question, row.extra
    more: Any = ""
    given = aside_of(extra, "alpaca").get("input")
    written = write_input(given)
    if written and question.endswith(f"\n\n{written}") and len(question) > len(written) + 2:
        question, more = question[: -len(written) - 2], given
        extra = without(extra, "alpaca", "input")
    own = {"instruction": question, "input": more, "output": row.answer}
    return {**own, **bring_back(extra, form, (*own, *refused))}


def _chat(form: Format, row: Fact, refused: Sequence[str]) -> dict[str, Any]:
    key = "messages" if form == "messages" else "conversations"
    extra = row.extra
    system = extra.get("system")
    kept = aside_of(extra, form).get(key)
    messages: Any
    if kept is not None and _says(kept, key, row):
        messages, extra = kept, without(extra, form, key)
    elif form == "messages":
        turns = [("system", system)] if isinstance(system, str) else []
        messages = [
            {"role": role, "content": text}
            for role, text in (*turns, ("user", row.question), ("assistant", row.answer))
        ]
    else:
        turns = [("system", system)] if isinstance(system, str) else []
        messages = [
            {"from": role, "value": text} for role, text in (*turns, ("human", row.question), ("gpt", row.answer))
        ]
    if isinstance(system, str):
        extra = {name: value for name, value in extra.items() if name != "system"}
    return {key: messages, **bring_back(extra, form, (key, *refused))}


def _says(messages: object, key: str, row: Fact) -> bool:
    """Return whether messages that were kept with all that stood beside them are still those of the row."""
    try:
        found = read_chat({key: messages}).facts
    except RowRefusedError:
        return False
    return (
        len(found) == 1
        and found[0][:2] == (row.question, row.answer)
        and (found[0].extra.get("system") == row.extra.get("system"))
    )


def _csv(rows: Sequence[Fact], best: float) -> str:
    """Return a table with a column for each key; what no cell can hold as it is stands in the column `other_keys`."""
    table: list[tuple[Fact, dict[str, str]]] = []
    for row in rows:
        groups = {OTHER_KEYS: row.extra[OTHER_KEYS]} if OTHER_KEYS in row.extra else {}
        kept = {key: value for key, value in row.extra.items() if key != OTHER_KEYS}
        unfit = [key for key, value in kept.items() if _no_column(key) or write_cell(key, value) is None]
        own = ("question", "answer", *unfit, *refused_keys(row.extra, best))
        values = bring_back({**kept, **groups}, "csv", own)
        table.append((row, _cells(values)))
    keys = list(dict.fromkeys(key for _, cells in table for key in cells))
    keys.sort(key=lambda key: key == OTHER_KEYS)  # last: it is for programs
    records = [["question", "answer", *keys]]
    records += [[row.question, row.answer, *(cells.get(key, "") for key in keys)] for row, cells in table]
    return "".join(map(write_record, records))


def _cells(values: dict[str, Any]) -> dict[str, str]:
    """Return the cells of a row by their columns."""
    groups = values.get(OTHER_KEYS, {})
    cells: dict[str, str] = {}
    for key, value in values.items():
        if key == OTHER_KEYS:
            continue
        if (cell := write_cell(key, value)) is None:
            groups = {**groups, "csv": {**groups.get("csv", {}), key: value}}
        else:
            cells[key] = cell
    return {**cells, OTHER_KEYS: json.dumps(groups, ensure_ascii=False)} if groups else cells


def _no_column(key: str) -> bool:
    """Return whether a column of this name would be read as another key."""
    return not key.strip() or key.startswith("\ufeff") or (fold_key(key) in META_KEYS and key not in META_KEYS)
