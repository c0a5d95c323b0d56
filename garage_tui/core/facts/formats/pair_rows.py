"""Rows whose question and answer are two keys: of facts files, Alpaca, Dolly, prompt and response, SQuAD."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from garage_tui.core.facts.formats.other_keys import ANSWER_KEYS, QUESTION_KEYS, fold_key, keep, with_aside
from garage_tui.core.facts.formats.read_row import (
    Columns,
    Format,
    NoQuestionError,
    ReadFact,
    RowReading,
    RowRefusedError,
)

PAIRS: tuple[tuple[str, str], ...] = (
    ("question", "answer"),
    ("instruction", "output"),
    ("instruction", "response"),
    ("prompt", "completion"),
    ("prompt", "response"),
    ("input", "output"),
    ("query", "response"),
    ("q", "a"),
)
"""Keys that belong together; a row with two such pairs of different texts is read only when a format is chosen."""
_PARTS = ("input", "context")
"""Keys of an instruction that belong to the question."""


def read_pair(
    row: Mapping[str, Any], question: str, answer: str, form: Format, keys: Format | None = None
) -> RowReading:
    """Return the fact of a row whose question and answer are these keys, as the row spells them.

    Args:
        keys: the format whose rows have the other keys, if it is not `form`: a CSV file has rows of any format.

    Raises:
        RowRefusedError: one of them is empty, or no text.
    """
    reading = RowReading()
    used = {question, answer}
    asked_for = _text(row, question)
    extra_input: Any = None
    if form != "facts":
        for part in _PARTS:
            key = _key(row, part)
            if key is None or key in used:
                continue
            used.add(key)
            if written := write_input(row[key]):
                asked_for = f"{asked_for}\n\n{written}"
                extra_input = row[key] if extra_input is None else f"{write_input(extra_input)}\n\n{written}"
    extra = keep(row, used, keys or form)
    if extra_input is not None:
        extra = with_aside(extra, "alpaca", "input", extra_input)
    reading.facts.append(ReadFact(asked_for, _text(row, answer), extra))
    return reading


def read_statement(row: Mapping[str, Any]) -> RowReading | None:
    """Return the statement of a row that has a `fact` and neither question nor answer; None for any other row."""
    key = _key(row, "fact")
    if key is None or not isinstance(row[key], str) or not row[key].strip():
        return None
    if any(_filled(row, name) for name in (*QUESTION_KEYS, *ANSWER_KEYS)):
        return None
    empty = {name for name in row if fold_key(name) in ("question", "answer")}
    return RowReading([ReadFact("", row[key], {**keep(row, {key, *empty}, "facts"), "fact": row[key]})])


def read_squad(row: Mapping[str, Any]) -> RowReading:
    """Return the fact of a row with `question` and `answers`, as SQuAD and Natural Questions have it.

    The passage in `context` belongs to the question. Of several answers the first is taken, and the row says so.

    Raises:
        RowRefusedError: it has no answer, or its answers are no texts.
    """
    question, key, context = (_key(row, name) for name in ("question", "answers", "context"))
    assert question and key
    value = row[key]
    if isinstance(value, Mapping):
        value = value.get("text", value.get("value"))
    options: list[Any] = list(value) if isinstance(value, list) else []
    if isinstance(value, str) and value[:1] not in ("[", "{"):  # else a list that a table could not hold
        options = [value]
    texts = [one.get("text") if isinstance(one, Mapping) else one for one in options]
    found = list(dict.fromkeys(text for text in texts if isinstance(text, str) and text.strip()))
    if not found:
        raise RowRefusedError(f'"{key}" has no answer')
    asked_for, used = _text(row, question), {question, key}
    if context and isinstance(row[context], str) and row[context].strip():
        asked_for, used = f"{asked_for}\n\n{row[context]}", {question, key, context}
    extra = keep(row, used, "facts")
    if len(found) > 1:
        extra["answers"] = found
    reading = RowReading([ReadFact(asked_for, found[0], extra)])
    if len(found) > 1:
        reading.notices.append(f"it has {len(found)} answers; the first is taken, the others stay in the key answers")
    return reading


def pairs(row: Mapping[str, Any]) -> list[tuple[str, str, Format]]:
    """Return (question, answer, format) for each pair of known keys that a row has with texts, as the row spells them.

    Without a known pair it is the only question key with the only answer key, if there are no others.
    """
    found: list[tuple[str, str, Format]] = []
    for question, answer in PAIRS:
        if question == "input" and any(_filled(row, name) for name in ("instruction", "question", "prompt", "query")):
            continue
        keys = _key(row, question), _key(row, answer)
        if keys[0] and keys[1] and _filled(row, question) and _filled(row, answer):
            found.append((keys[0], keys[1], _form(question, answer)))
    if found:
        return found
    questions = [name for name in QUESTION_KEYS if _filled(row, name)]
    if len(questions) > 1:
        questions = [name for name in questions if name != "input"]
    answers = [name for name in ANSWER_KEYS if _filled(row, name)]
    if len(questions) == len(answers) == 1:
        return [(str(_key(row, questions[0])), str(_key(row, answers[0])), _form(questions[0], answers[0]))]
    return []


def chosen_pair(row: Mapping[str, Any], columns: Columns) -> tuple[str, str]:
    """Return the keys of question and answer that somebody named, as the row spells them.

    Raises:
        NoQuestionError: the row has no such keys.
    """
    question = _key(row, fold_key(columns.question)) if columns.question else _only(row, QUESTION_KEYS)
    answer = _key(row, fold_key(columns.answer)) if columns.answer else _only(row, ANSWER_KEYS)
    if question is None:
        raise NoQuestionError(f"no {json.dumps(columns.question or 'question', ensure_ascii=False)}")
    if answer is None:
        raise NoQuestionError(f"no {json.dumps(columns.answer or 'answer', ensure_ascii=False)}")
    return question, answer


def named_pair(row: Mapping[str, Any], questions: Sequence[str], answers: Sequence[str]) -> tuple[str, str]:
    """Return the first key of each kind that a row has, as the row spells it; those with a text go before the others.

    Raises:
        NoQuestionError: it has none of one kind.
    """
    keys = []
    for names in (questions, answers):
        there = [key for name in names if (key := _key(row, name)) is not None]
        if not there:
            raise NoQuestionError(f"no {names[0]}")
        keys.append(next((key for key in there if _filled(row, fold_key(key))), there[0]))
    return keys[0], keys[1]


def refuse(row: Mapping[str, Any]) -> RowRefusedError:
    """Return why a row without a pair of known keys is left out."""
    questions = [key for name in QUESTION_KEYS if (key := _key(row, name)) is not None]
    answers = [key for name in ANSWER_KEYS if (key := _key(row, name)) is not None]
    for keys, what in ((questions, "question"), (answers, "answer")):
        if not keys:
            other = (answers if what == "question" else questions) or [what]
            alone = "output" if fold_key(other[0]) == "instruction" else what
            return NoQuestionError(f"no {alone}")
    for keys in (questions, answers):
        if not any(_filled(row, fold_key(key)) for key in keys):
            return RowRefusedError(_empty(row, keys[0]))
    listed = ", ".join(f'"{key}"' for key in (*questions, *answers))
    return RowRefusedError(f"{listed} can be read in several ways; name two of them with --question and --answer")


def write_input(value: object) -> str:
    """Return the `input` of an instruction as text: of a list a line each, of an object its keys and values."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, str):
        return value if value.strip() and value.strip() != "<noinput>" else ""
    if isinstance(value, list):
        return "\n".join(filter(None, map(write_input, value)))
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_inline(one)}" for key, one in value.items())
    return json.dumps(value, ensure_ascii=False)


def _inline(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _form(question: str, answer: str) -> Format:
    if (question, answer) in (("question", "answer"), ("q", "a")):
        return "facts"
    return "alpaca" if question == "instruction" else "messages"


def _only(row: Mapping[str, Any], names: Sequence[str]) -> str | None:
    found = [key for name in names if (key := _key(row, name)) is not None]
    return found[0] if found else None


def _key(row: Mapping[str, Any], name: str) -> str | None:
    """Return a key as the row spells it; the exact one goes before one in other case."""
    return name if name in row else next((key for key in row if fold_key(key) == name), None)


def _filled(row: Mapping[str, Any], name: str) -> bool:
    key = _key(row, name)
    return key is not None and isinstance(row[key], str) and bool(row[key].strip())


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise RowRefusedError(_empty(row, key))
    return value


def _empty(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return f'"{key}" is empty' if value is None or value == "" or isinstance(value, str) else f'"{key}" is not text'
