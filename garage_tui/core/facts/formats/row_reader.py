"""One row of any format as facts: which format it is, and that nothing in it is read in two ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from garage_tui.core.base.json_text import has_half_character
from garage_tui.core.facts.formats import chat_rows, pair_rows
from garage_tui.core.facts.formats.left_out_rows import bad_mark, media
from garage_tui.core.facts.formats.other_keys import ANSWER_KEYS, QUESTION_KEYS, fold_key
from garage_tui.core.facts.formats.read_row import Columns, Format, ReadFact, RowReading, RowRefusedError

_PICTURE = re.compile(r"data:image/[a-z]+;base64,|!\[[^\]]*\]\(data:")
_TAG = r"<(?:image|img|video|audio)>"
_PLACE = re.compile(rf"^\s*{_TAG}(?:\s*{_TAG})*\s*$|<(?:image|img|video|audio)_\d+>", re.MULTILINE)
"""A placeholder for a picture: alone on its line, or with a number. Within a sentence it may be HTML that is taught."""
_AT_END = re.compile(r"\A\s*<image>|<image>\s*\Z")
"""In a chat, also where a message of the user begins or ends with it."""


def read_row(
    row: object,
    form: Format | None = None,
    columns: Columns | None = None,
    *,
    best_rating: float = 0,
    keys: Format | None = None,
) -> RowReading:
    """Return the facts of one row.

    Args:
        form: its format; found by its keys by default.
        columns: the keys of question and answer, where somebody named them.
        best_rating: the highest `rating` of the file; see `left_out_rows.bad_mark`.
        keys: see `pair_rows.read_pair`.

    Raises:
        RowRefusedError: it gives no fact; the text says why.
    """
    if not isinstance(row, dict):
        kind = {str: "a text", list: "a list", type(None): "null", bool: "true or false"}.get(type(row), "a number")
        raise RowRefusedError(f"it is {kind}, not an object with a question and an answer")
    if form != "facts" and not _is_ours(row) and (why := media(row) or bad_mark(row, best_rating)):
        raise RowRefusedError(why)
    if columns:
        reading = pair_rows.read_pair(row, *pair_rows.chosen_pair(row, columns), "facts", keys)
    elif form in ("messages", "sharegpt"):
        reading = _chat(row, form)
    elif form == "alpaca":
        reading = _alpaca(row)
    elif form == "facts":
        reading = _facts(row, keys)
    else:
        reading = _detected(row, keys)
    for fact in reading.facts:
        if form != "facts" and not _is_ours(row) and _has_place(fact, row):
            raise RowRefusedError("it has a place for a picture, which a facts file cannot hold")
        if _PICTURE.search(fact.question) or _PICTURE.search(fact.answer):
            raise RowRefusedError("it has a picture, which a facts file cannot hold")
        if has_half_character(fact):
            raise RowRefusedError("it contains half a character (a lone \\ud… escape)")
    return reading


def _is_ours(row: Mapping[str, Any]) -> bool:
    """Return whether a row is one of a facts file: it has keys that are the program's own beside question and answer.

    Its other keys are the owner's, who keeps the row whatever they say. Question and answer alone show nothing:
    collections of rated answers have these keys too.
    """
    if not {"question", "answer"} <= set(row):
        return False
    kinds: dict[str, type] = {"exam": bool, "fact": str, "must": list}
    return any(isinstance(row.get(key), kind) for key, kind in kinds.items())


def _has_place(fact: ReadFact, row: Mapping[str, Any]) -> bool:
    """Return whether a text has a placeholder for a picture, as rows for models that see have it."""
    if _PLACE.search(fact.question) or _PLACE.search(fact.answer):
        return True
    return not {"question", "answer"} <= set(map(fold_key, row)) and bool(_AT_END.search(fact.question))


def _detected(row: dict[str, Any], keys: Format | None) -> RowReading:
    """Return the reading of a row that has only one; or of one whose readings are the same."""
    readers: list[tuple[str, Callable[[], RowReading]]] = []
    names = {fold_key(key) for key in row}
    for question, answer, form in pair_rows.pairs(row):
        if (form == "alpaca" and row.get("history")) or isinstance(chat_rows.as_messages(row[question]), list):
            continue  # a chat, of which this pair is the end

        def read(question: str = question, answer: str = answer, form: Format = form) -> RowReading:
            return pair_rows.read_pair(row, question, answer, form, keys)

        readers.append((f'"{question}" and "{answer}"', read))
    if chat_rows.has_chat(row):
        chat = next((f'"{key}"' for key in ("messages", "conversations", "chosen") if key in row), "its chat")
        readers.append((chat, lambda: chat_rows.read_chat(row)))
    if {"question", "answers"} <= names and "answer" not in names:
        readers.append(('"answers"', lambda: pair_rows.read_squad(row)))
    if not readers:
        if statement := pair_rows.read_statement(row):
            return statement
        raise pair_rows.refuse(row)
    if len(readers) == 1:
        return readers[0][1]()
    found = []
    for name, read_ in readers:
        try:
            found.append((name, read_()))
        except RowRefusedError:
            continue
    if not found:
        return readers[0][1]()
    texts = [[(fact.question, fact.answer) for fact in reading.facts] for _, reading in found]
    if any(one != texts[0] for one in texts):
        places = " and in ".join(name for name, _ in found[:2])
        raise RowRefusedError(f"it has a question and an answer in {places}, which differ; choose the format with --as")
    return found[-1][1] if chat_rows.has_chat(row) and found[0][0] != '"question" and "answer"' else found[0][1]


def _chat(row: dict[str, Any], form: Format) -> RowReading:
    if not chat_rows.has_chat(row):
        for question, answer, _ in pair_rows.pairs(row):
            if fold_key(question) == "prompt":
                return pair_rows.read_pair(row, question, answer, form)
    return chat_rows.read_chat(row, form)


def _alpaca(row: Mapping[str, Any]) -> RowReading:
    if row.get("history"):
        return chat_rows.read_chat(row, "alpaca")
    question, answer = pair_rows.named_pair(row, ("instruction",), ("output", "response"))
    return pair_rows.read_pair(row, question, answer, "alpaca")


def _facts(row: Mapping[str, Any], keys: Format | None) -> RowReading:
    if statement := pair_rows.read_statement(row):
        return statement
    # question and answer come first in these lists, so they go before all others
    return pair_rows.read_pair(row, *pair_rows.named_pair(row, QUESTION_KEYS, ANSWER_KEYS), "facts", keys)
